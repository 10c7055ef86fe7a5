// What is said of a start that is not accepted, or that changes nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { button, opened, press, signIn, toasts } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { instances } = await import(`${page}/views/instances.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});

const account = { account_id: "a", name: "A", status: "confirmed", access_type: "assume_role", version: 1 };
const stopped = { kind: "ec2", region: "eu-west-1", instance_id: "i-1", name: "web1", type: "t3", state: "stopped" };
const why = "Something else is under way.";
let answer;

/** The view after Start was pressed, whose answer is awaited. */
async function starting(signal) {
  await signIn(session);
  store.add(account, Date.now());
  globalThis.fetch = (address, { method }) => {
    if (method === "POST") return new Promise((resolve) => (answer = resolve));
    const items = String(address).includes("/instances") ? [stopped] : [];
    return Promise.resolve(Response.json({ ...account, items, unavailable: [], next_cursor: null }));
  };
  const main = opened(instances, signal);
  await soon();
  press(button(main, t.instances.start));
  await soon();
  return main;
}

const refuse = () => answer(Response.json({ title: "Conflict", detail: why }, { status: 409 }));

for (const [who, leave] of [
  ["whoever looks", () => {}],
  ["whoever has left the view", (view) => view.abort()],
])
  test(`it is said in a toast to ${who}, so that no row moves`, async () => {
    toasts.replaceChildren();
    const view = new AbortController();
    const main = await starting(view.signal);
    const before = main.textContent;
    leave(view);
    refuse();
    await soon();
    assert.equal(toasts.textContent, `web1 (i-1): ${why}`);
    assert.equal(main.textContent, before);
  });

test("nothing is said to whoever has signed out", async (context) => {
  const errors = context.mock.method(console, "error", () => {});
  toasts.replaceChildren();
  const view = new AbortController();
  await starting(view.signal);
  session.forget();
  view.abort();
  refuse();
  await soon();
  assert.equal(toasts.textContent, "");
  assert.equal(errors.mock.callCount(), 0);
});

test("one that changes nothing does not begin", async () => {
  toasts.replaceChildren();
  const main = await starting(new AbortController().signal);
  const detail = "It is running already; nothing was done.";
  answer(
    Response.json({ ...stopped, interaction_id: "i", action: "start", outcome: "accepted", result: null, detail }),
  );
  await soon();
  assert.equal(toasts.textContent, `web1: ${detail}`);
  assert.ok(!main.textContent.includes(t.instances.states.starting));
});

test("it is asked for once, also where its button was drawn anew and is pressed again", async () => {
  toasts.replaceChildren();
  const main = await starting(new AbortController().signal);
  const first = answer;
  const again = button(main, t.instances.start);
  again.removeAttribute("aria-busy");
  press(again);
  await soon();
  assert.equal(answer, first);
  answer(Response.json({ interaction_id: "i", action: "start", outcome: "accepted", result: "pending" }));
  await soon();
  assert.equal(toasts.textContent, t.instances.accepted.start("web1"));
});

const SOON = { "retry-after": "0.001" };
for (const [what, lose] of [
  ["without network", (resolve, reject) => reject(new TypeError("Failed to fetch"))],
  ["of an API that is down", (resolve) => resolve(Response.json({ message: "No" }, { status: 503, headers: SOON }))],
])
  test(`what came ${what} is said once`, async () => {
    toasts.replaceChildren();
    store.forget();
    await signIn(session);
    store.add(account, Date.now());
    let isLost = true;
    globalThis.fetch = (address, { method }) => {
      if (method === "POST" && isLost) return new Promise(lose);
      const items = String(address).includes("/instances") ? [stopped] : [];
      return Promise.resolve(Response.json({ ...account, items, unavailable: [], next_cursor: null }));
    };
    const main = opened(instances, new AbortController().signal);
    await soon();
    press(button(main, t.instances.start));
    // The request has a key, so it is repeated twice.
    await until(() => toasts.textContent);
    const said = toasts.textContent;
    assert.ok(said.includes(t.problems.perhapsDone), said);
    assert.ok(said.startsWith("web1 (i-1): "), "so that of several a person knows which one to look at");
    isLost = false;
    press(button(main, t.instances.refresh));
    await soon(30);
    assert.ok(!main.textContent.includes(t.problems.perhapsDone));
    assert.ok(main.textContent.includes(stopped.state));
  });
