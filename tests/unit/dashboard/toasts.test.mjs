// For how long a toast is there, and when it is announced.
import assert from "node:assert/strict";
import { test } from "node:test";
import { element, press, see, toasts } from "./drawn.mjs";

const { toast } = await import("../../../functions/dashboard/static/lib/ui.js");
const { dialog } = await import("../../../functions/dashboard/static/lib/modal.js");
const session = await import("../../../functions/dashboard/static/lib/session.js");

const opens = (title) => dialog({ title, content: () => "" });

function announcing(context) {
  const announcer = element();
  const { getElementById } = document;
  context.mock.method(document, "getElementById", (id) => (id === "announcer" ? announcer : getElementById(id)));
  return announcer;
}

test("it is announced once, when the page is looked at", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const announcer = announcing(context);
  const said = () => {
    context.mock.timers.tick(100);
    const { textContent } = announcer;
    announcer.textContent = "";
    return textContent;
  };
  see("hidden");
  toast("No test was started.", "warning");
  assert.equal(said(), "");
  see("visible");
  assert.equal(said(), "No test was started.");
  see("hidden");
  see("visible");
  assert.equal(said(), "");
  context.mock.timers.tick(6_000);
});

test("its time passes only while the page is looked at", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  see("hidden");
  toast("No test was started.", "warning");
  context.mock.timers.tick(60_000);
  see("visible");
  context.mock.timers.tick(3_000);
  see("hidden");
  context.mock.timers.tick(60_000);
  see("visible");
  context.mock.timers.tick(5_000);
  assert.equal(toasts.textContent, "No test was started.");
  context.mock.timers.tick(1_000);
  assert.equal(toasts.textContent, "");
  see("hidden");
  see("visible");
  assert.equal(toasts.textContent, "");
});

test("one that is higher than its place stays until it has room", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  see("visible");
  toasts.clientHeight = 200;
  toast("Is very long.", "warning");
  toasts.firstElementChild.offsetHeight = 300;
  context.mock.timers.tick(60_000);
  assert.equal(toasts.textContent, "Is very long.");
  // The modal that it was over is closed.
  toasts.clientHeight = 600;
  context.mock.timers.tick(6_000);
  assert.equal(toasts.textContent, "");
});

test("one with the focus in it stays until that has left, and then gives it to what is there", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const main = element("main");
  document.body.append(main, toasts);
  for (const isOver of [false, true]) {
    const over = isOver ? opens("Change") : null;
    toast("Saved.", "success", { href: "#/week", text: "See the week" });
    const shown = document.querySelector(".toast");
    assert.equal(shown.closest("dialog"), over?.node ?? null);
    shown.querySelector("a").focus();
    context.mock.timers.tick(60_000);
    assert.ok(document.activeElement === shown.querySelector("a"));
    document.body.focus();
    shown.dispatchEvent(new Event("focusout"));
    context.mock.timers.tick(14_000);
    const dismiss = shown.querySelector("button");
    dismiss.focus();
    press(dismiss);
    assert.equal(document.querySelector(".toast"), null);
    assert.ok(document.activeElement === (over?.node ?? main), document.activeElement.tag);
    over?.close();
    context.mock.timers.tick(10);
  }
});

test("its link is announced too", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const announcer = announcing(context);
  toast("Saved.", "success", { href: "#/week", text: "See the week" });
  context.mock.timers.tick(100);
  assert.equal(announcer.textContent, "Saved. See the week");
  context.mock.timers.tick(15_000);
});

test("all are in the modal on top, also those of before, and in the one below it once that is on top", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  toast("Saved.");
  const [below, above] = [opens("Change"), opens("Go to…")];
  const saidIn = ({ node }) => node.querySelector(".announcer").textContent;
  toast("The browser did not allow copying.", "warning");
  context.mock.timers.tick(100);
  assert.equal(saidIn(below), "");
  assert.match(saidIn(above), /The browser did not allow copying/);
  const shownIn = () => document.querySelector(".toast").closest("dialog");
  assert.equal(shownIn(), above.node);
  assert.equal(toasts.children.length, 2);
  above.close();
  context.mock.timers.tick(10);
  assert.equal(shownIn(), below.node);
  below.close();
  context.mock.timers.tick(10);
  assert.equal(shownIn(), null);
  context.mock.timers.tick(10_000);
});

test("the newest is on top, and the room of one that ends below it stays until that ends too", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  toast("First.");
  context.mock.timers.tick(3_000);
  toast("Second.");
  assert.equal(toasts.textContent, "Second.First.");
  context.mock.timers.tick(3_000);
  assert.equal(toasts.textContent, "Second.");
  assert.equal(toasts.children.length, 2);
  context.mock.timers.tick(3_000);
  assert.equal(toasts.children.length, 0);
});

test("a long one has the time that it takes to be read", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  toast("a".repeat(240), "warning");
  context.mock.timers.tick(12_000);
  assert.notEqual(toasts.textContent, "");
  context.mock.timers.tick(3_000);
  assert.equal(toasts.textContent, "");
});

test("it ends with the session in which it was said, however late somebody looks at the page", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  see("hidden");
  toast("Production was added.");
  session.forget();
  assert.equal(toasts.textContent, "");
  see("visible");
  assert.equal(toasts.textContent, "");
  toast("Your session has ended.", "warning");
  assert.equal(toasts.textContent, "Your session has ended.");
  session.forget();
  assert.equal(toasts.textContent, "");
});
