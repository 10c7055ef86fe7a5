// An evaluation's age stands above its own result alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, announcerIn, button, opened, press } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const store = await import(`${page}/lib/store.js`);
const { leastPrivilege } = await import(`${page}/views/privilege.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});

test("no policy is said to be evaluated while another is awaited, or after it failed", async () => {
  const account = { account_id: "a", name: "A", status: "confirmed", access_type: "assume_role", version: 1 };
  store.add(account, Date.now());
  let evaluate = async () => Response.json({ removes: [], covers: [] });
  globalThis.fetch = (address) => {
    if (String(address).includes("least-privilege")) return evaluate();
    return Promise.resolve(Response.json({ ...account, items: [], next_cursor: null }));
  };
  const left = new AbortController();
  const main = opened(leastPrivilege, left.signal);
  const isEvaluated = () => main.textContent.includes(t.privilege.evaluated);
  await soon();
  assert.ok(isEvaluated());

  let answer;
  evaluate = () => new Promise((resolve) => (answer = resolve));
  press(button(main, t.privilege.again));
  assert.ok(!isEvaluated(), "while it is awaited");
  await soon();
  answer(new Response("", { status: 422 }));
  await soon();
  assert.ok(button(main, t.actions.retry));
  assert.ok(!isEvaluated(), "after it failed");

  evaluate = async () => Response.json({ removes: [], covers: [] });
  press(button(main, t.actions.retry));
  await soon();
  assert.ok(isEvaluated());
  left.abort();
});

test("that it is evaluated is one sentence to a screen reader, which the policy is not read to", async (context) => {
  // What was said before.
  await soon(100);
  const announcer = announcerIn(context);
  const left = new AbortController();
  const main = opened(leastPrivilege, left.signal);
  await soon(100);
  left.abort();
  assert.ok(main.textContent.includes(t.privilege.removesNothing));
  assert.equal(announcer.textContent, t.privilege.isEvaluated);
  const spoken = all(main).filter((node) => node.getAttribute("aria-live") && node.textContent);
  assert.deepEqual(spoken, []);
});

for (const [by, answer, isOffered] of [
  ["the API, which has no such account", { title: "No such account" }, true],
  ["the gateway, which has no such route", { message: "Not Found" }, false],
])
  test(`what is not found by ${by}, is said so`, async () => {
    const account = { account_id: "a", name: "A", status: "confirmed", access_type: "assume_role", version: 1 };
    store.forget();
    store.add(account, Date.now());
    let reads = 0;
    globalThis.fetch = async (address) => {
      const { pathname } = new URL(address);
      if (pathname.endsWith("/least-privilege")) return Response.json(answer, { status: 404 });
      // The account is deleted after the view has read it.
      if (pathname.endsWith("/a") && ++reads > 1) return Response.json({ title: "No such account" }, { status: 404 });
      return Response.json({ ...account, items: [], next_cursor: null });
    };
    const left = new AbortController();
    const main = opened(leastPrivilege, left.signal);
    await soon(30);
    assert.equal(main.textContent.includes(t.privilege.missing), !isOffered);
    assert.equal(main.textContent.includes(t.account.missing), isOffered);
    left.abort();
  });
