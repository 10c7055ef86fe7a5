// For how long a toast is there, and when it is announced.
import assert from "node:assert/strict";
import { test } from "node:test";
import { element, toasts } from "./drawn.mjs";

const { toast } = await import("../../../functions/dashboard/static/lib/ui.js");

const turns = (state) => {
  document.visibilityState = state;
  document.dispatchEvent(new Event("visibilitychange"));
};

test("it is announced once, when the page is looked at", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const announcer = element();
  const { getElementById } = document;
  context.mock.method(document, "getElementById", (id) => (id === "announcer" ? announcer : getElementById(id)));
  const said = () => {
    context.mock.timers.tick(100);
    const { textContent } = announcer;
    announcer.textContent = "";
    return textContent;
  };
  turns("hidden");
  toast("No test was started.", "warning");
  assert.equal(said(), "");
  turns("visible");
  assert.equal(said(), "No test was started.");
  turns("hidden");
  turns("visible");
  assert.equal(said(), "");
  context.mock.timers.tick(6_000);
});

test("its time passes only while the page is looked at", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  turns("hidden");
  toast("No test was started.", "warning");
  context.mock.timers.tick(60_000);
  turns("visible");
  context.mock.timers.tick(3_000);
  turns("hidden");
  context.mock.timers.tick(60_000);
  turns("visible");
  context.mock.timers.tick(5_000);
  assert.equal(toasts.textContent, "No test was started.");
  context.mock.timers.tick(1_000);
  assert.equal(toasts.textContent, "");
  turns("hidden");
  turns("visible");
  assert.equal(toasts.textContent, "");
});

test("one with the focus in it stays until that has left, and then gives it to what is there", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const [main, modal] = [element("main"), element("dialog")];
  document.body.append(main, toasts, modal);
  for (const place of [main, modal]) {
    if (place === modal) modal.setAttribute("open", true);
    toast("Saved.", "success", { href: "#/week", text: "See the week" });
    const shown = document.querySelector(".toast");
    assert.equal(shown.closest("dialog"), place === modal ? modal : null);
    shown.querySelector("a").focus();
    context.mock.timers.tick(60_000);
    assert.ok(document.activeElement === shown.querySelector("a"));
    document.body.focus();
    shown.dispatchEvent(new Event("focusout"));
    context.mock.timers.tick(14_000);
    const dismiss = shown.querySelector("button");
    dismiss.focus();
    dismiss.dispatchEvent(new Event("click"));
    assert.equal(document.querySelector(".toast"), null);
    assert.ok(document.activeElement === place, document.activeElement.tag);
  }
  modal.remove();
});

test("its link is announced too", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const announcer = element();
  const { getElementById } = document;
  context.mock.method(document, "getElementById", (id) => (id === "announcer" ? announcer : getElementById(id)));
  toast("Saved.", "success", { href: "#/week", text: "See the week" });
  context.mock.timers.tick(100);
  assert.equal(announcer.textContent, "Saved. See the week");
});
