// Where the focus goes once a view has come: to its heading, but not from wherever the reader has gone meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, button, element, modal, opened, press, signIn, submit, toasts } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

globalThis.window = { addEventListener() {}, scrollTo() {}, innerHeight: 500 };
document.documentElement = element("html");
const [app, announcer] = [element(), element()];
document.body.append(app);
const { getElementById } = document;
document.getElementById = (id) => ({ app, announcer })[id] ?? getElementById(id);
globalThis.location = Object.assign(new URL("https://cavok.example/"), { hash: "#/not-found" });
globalThis.fetch = async () => Response.json({ groups: [] });
// What the page does as time passes.
const ticks = [];
globalThis.setInterval = (tick) => ticks.push(tick);
const page = "../../../functions/dashboard/static";
const router = await import(`${page}/lib/router.js`);
await import(`${page}/app.js`);
await soon();

const menu = (href) => all(app).find((node) => node.href === href);
const heading = () => app.querySelector("main").querySelector("h1");

const [pressed, other] = ["#/access-details", "#/organization"];
for (const [what, from, hash, meanwhile, heir] of [
  // Its module is loaded for the first time, which takes a while.
  ["stays where the reader has gone", heading, pressed, () => menu(other).focus(), () => menu(other)],
  ["goes from the pressed link to the heading", () => menu(pressed), pressed, () => {}, heading],
  ["goes from the view before to the heading", heading, "#/not-found", () => {}, heading],
])
  test(`it ${what}`, async () => {
    from().focus();
    location.hash = hash;
    router.render();
    meanwhile();
    await until(heading);
    assert.ok(document.activeElement === heir());
  });

test("once an account is revoked, it stays on the button, unless the reader has gone on", async () => {
  const api = await import(`${page}/lib/api.js`);
  const session = await import(`${page}/lib/session.js`);
  const store = await import(`${page}/lib/store.js`);
  const { overview } = await import(`${page}/views/account.js`);
  const { t } = await import(`${page}/views/texts.js`);
  api.start({});
  await signIn(session);
  const account = { account_id: "a", name: "Production", status: "confirmed", access_type: "assume_role", version: 1 };
  const revoked = { ...account, status: "unconfirmed", issues: [{ code: "revoked" }], version: 2 };
  for (const goesOn of [false, true]) {
    store.forget();
    store.add(account, Date.now() - 1_000);
    let read = () => Response.json(account);
    globalThis.fetch = async (address, { method }) =>
      method === "GET" && new URL(address).pathname.endsWith("/a") ? read() : Response.json({}, { status: 403 });
    const view = new AbortController();
    const main = opened(overview, view.signal);
    app.querySelector("main").replaceChildren(main);
    await soon();
    const revoke = button(main, t.revoke.action);
    revoke.focus();
    globalThis.fetch = async (address, { method }) => (method === "POST" ? Response.json(revoked) : read());
    const held = Promise.withResolvers();
    read = () => held.promise;
    press(revoke);
    submit();
    await soon();
    assert.ok(document.activeElement === revoke);
    const elsewhere = button(main, t.actions.rename);
    if (goesOn) elsewhere.focus();
    held.resolve(Response.json(revoked));
    await soon();
    assert.equal(document.activeElement.textContent, goesOn ? t.actions.rename : t.revoke.action);
    // It says why it does nothing any more.
    toasts.replaceChildren();
    press(button(main, t.revoke.action));
    assert.deepEqual([modal(), toasts.textContent], [undefined, t.account.statusText.revoked]);
    view.abort();
  }
});

test("a session that ends while its view asks for nothing ends there too", async () => {
  const session = await import(`${page}/lib/session.js`);
  await signIn(session);
  location.hash = "#/access-details";
  router.render();
  await until(heading);
  toasts.replaceChildren();
  const { now } = Date;
  const pass = (milliseconds) => {
    Date.now = () => now() + milliseconds;
    for (const tick of ticks) tick();
  };
  try {
    pass(3_500_000);
    assert.ok(session.current());
    assert.equal(toasts.children.length, 1, "it is announced");
    pass(3_601_000);
    assert.equal(session.current(), null);
    assert.ok(session.hasEnded());
    const said = toasts.textContent;
    pass(3_606_000);
    assert.equal(toasts.textContent, said, "it ends once");
  } finally {
    Date.now = now;
  }
});

for (const hash of ["#/access-details", "#/accounts/b/audit"])
  test(`at ${hash} modals close once the session ends by itself, and nothing is said of them`, async () => {
    const session = await import(`${page}/lib/session.js`);
    const store = await import(`${page}/lib/store.js`);
    const { dialog } = await import(`${page}/lib/modal.js`);
    const { scheduleDialog } = await import(`${page}/views/schedules.js`);
    const { t } = await import(`${page}/views/texts.js`);
    await signIn(session);
    const instance = { kind: "ec2", instance_id: "i-1", name: "web1", region: "us-east-1" };
    const windows = [{ days: ["mon"], start: "08:00", stop: "18:00" }];
    const next_action = { action: "start", at: new Date(Date.now() + 8 * 86_400_000).toISOString() };
    const saved = { ...instance, resource_id: "r", schedule: { time_zone: "UTC", windows }, next_action };
    globalThis.fetch = async (address) =>
      Response.json(String(address).includes("/resources") ? saved : { groups: [], items: [], next_cursor: null });
    location.hash = hash;
    router.render();
    await until(heading);
    await soon(50);
    const account = { account_id: "a", name: "A", status: "confirmed", version: 1, issues: [] };
    store.add(account, 0);
    scheduleDialog("a", { instance, running: () => undefined, onSaved() {}, onStop() {} });
    submit();
    await until(() => modal()?.textContent.includes(t.schedules.zone("UTC")));
    const question = modal();
    const above = dialog({ title: "Other", content: () => element() });
    toasts.replaceChildren();
    const { now } = Date;
    Date.now = () => now() + 3_601_000;
    try {
      for (const tick of ticks) tick();
    } finally {
      Date.now = now;
    }
    assert.ok(!question.open);
    await until(() => !above.node.open);
    assert.equal(session.current(), null);
    assert.ok(!toasts.textContent.includes("web1"), toasts.textContent);
    await soon(100);
    assert.ok(["", t.signIn.ended].includes(announcer.textContent), announcer.textContent);
  });

test("what was said aloud to one person is there for no other", async () => {
  const session = await import(`${page}/lib/session.js`);
  const { announce } = await import(`${page}/lib/dom.js`);
  await signIn(session);
  announce("Production is now Failed.");
  await until(() => announcer.textContent);
  announce("So is Staging.");
  announcer.textContent = "Production is now Failed.";
  session.forget({ asked: true });
  assert.equal(announcer.textContent, "");
  await soon(100);
  assert.equal(announcer.textContent, "");
});
