// Starting a test: it reaches into nothing that the reader has opened since, and takes no revoked account into use that
// nobody saw revoked.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { all, button, element, hold, modal, press, signIn, submit, toasts } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const on = {};
globalThis.window = { addEventListener: (name, listener) => (on[name] = listener), scrollTo() {}, innerHeight: 500 };
document.documentElement = element("html");
const [app, announcer] = [element(), element()];
document.body.append(app);
const { getElementById } = document;
document.getElementById = (id) => ({ app, announcer })[id] ?? getElementById(id);
let hash = "#/not-found";
globalThis.location = Object.defineProperty(new URL("https://cavok.example/"), "hash", {
  get: () => hash,
  set(value) {
    const isOther = value !== hash;
    hash = value;
    if (isOther) setTimeout(() => on.hashchange?.());
  },
});
globalThis.fetch = async () => Response.json({ groups: [] });
const page = "../../../functions/dashboard/static";
await import(`${page}/app.js`);
await soon();
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { scheduleDialog } = await import(`${page}/views/schedules.js`);
const { t } = await import(`${page}/views/texts.js`);

const now = new Date().toISOString();
const [TESTS, TEST] = ["/v1/accounts/a/verifications", "#/accounts/a/tests/v"];
const instance = { kind: "ec2", instance_id: "i-1", name: "web1", region: "us-east-1" };
const saved = {
  ...{ ...instance, resource_id: "r" },
  schedule: { time_zone: "UTC", windows: [{ days: ["mon"], start: "08:00", stop: "18:00" }] },
  next_action: { action: "start", at: new Date(Date.now() + 8 * 86_400_000).toISOString() },
};
/** What the API keeps; our acts; what happens before the next one is done. */
let there, acts, meanwhile;

beforeEach(async () => {
  location.hash = "#/not-found";
  await soon(20);
  toasts.replaceChildren();
  await signIn(session);
  store.forget();
  there = {
    ...{ account_id: "a", name: "Production", provider_id: "123456789012", status: "confirmed", version: 7 },
    ...{ access_type: "access_key", access_key_id: "OURS", testing: false, issues: [], capabilities: {} },
    ...{ created_at: now, updated_at: now },
  };
  acts = [];
  meanwhile = null;
  store.add(there, Date.now() - 1_000);
  globalThis.fetch = async (address, { method, headers }) => {
    const { pathname } = new URL(address);
    if (method !== "GET") {
      meanwhile?.();
      acts.push(`${method} ${pathname}`);
      const match = headers["if-match"];
      if (match && match !== `"${there.version}"`) return Response.json({ title: "Changed" }, { status: 412 });
    }
    const isTests = pathname === TESTS;
    if (isTests && method === "POST" && there.issues.length) change({ status: "confirmed", issues: [] });
    if (isTests) return Response.json({ verification_id: "v", items: [{ verification_id: "v" }], next_cursor: null });
    if (pathname.endsWith("/a")) return Response.json(there);
    if (pathname.endsWith("/usage")) return Response.json({}, { status: 403 });
    if (pathname.includes("/resources")) return Response.json(saved);
    return Response.json({ items: [], groups: [], next_cursor: null, steps: [] });
  };
});

const change = (how) => (there = { ...there, ...how, version: there.version + 1 });
const revoke = () => change({ status: "unconfirmed", issues: [{ code: "revoked", message: "Revoked." }] });

/** The overview of the account, whose button is pressed and answered late. Returns what answers. */
async function pressed(name = t.account.test) {
  location.hash = "#/accounts/a";
  await until(() => button(app, name));
  await soon(20);
  const letGo = hold((address) => String(address).includes("/verifications"));
  press(button(app, name));
  await soon();
  return async () => {
    letGo();
    await soon(50);
  };
}
const opens = (part) => press(all(app).find(({ dataset }) => dataset.part === part));
const offered = () => all(toasts).find(({ href }) => href === TEST);

test("a test that nobody has turned away from is shown", async () => {
  await (
    await pressed()
  )();
  assert.equal(location.hash, TEST);
});

for (const [name, testing] of [
  [t.account.test, false],
  [t.account.watchTest, true],
])
  test(`${name}: what is typed in a modal meanwhile stays; the test is offered once that is closed`, async () => {
    there.testing = testing;
    const answer = await pressed(name);
    opens("keys");
    const typing = modal();
    await answer();
    assert.ok(typing.open);
    assert.equal(location.hash, "#/accounts/a");
    typing.close();
    await soon(20);
    assert.ok(offered() && toasts.textContent.includes(t.list.begun("Production")), toasts.textContent);
  });

test("nothing is offered of a test to whoever signs in next", async () => {
  const answer = await pressed();
  opens("keys");
  await answer();
  session.forget({ asked: true });
  await soon(50);
  assert.equal(offered(), undefined);
});

test("a save that is under way goes on", async () => {
  const answer = await pressed();
  opens("name");
  modal().querySelector("input").value = "Renamed";
  const letFind = hold((address) => /accounts\?/.test(String(address)));
  submit();
  await soon();
  await answer();
  letFind();
  await soon(50);
  assert.ok(acts.includes("PATCH /v1/accounts/a"));
  assert.ok(toasts.textContent.includes(t.account.saved));
});

test("a test is said to be of the account as it is called by then", async () => {
  const answer = await pressed();
  opens("keys");
  change({ name: "Renamed" });
  store.put(there, Date.now());
  await answer();
  modal().close();
  await soon(20);
  assert.ok(toasts.textContent.includes(t.list.begun("Renamed")), toasts.textContent);
});

test("the question about an instance that runs outside of its schedule stays", async () => {
  const answer = await pressed();
  scheduleDialog("a", { instance, running: () => true, onSaved() {}, onStop() {} });
  submit();
  await until(() => modal()?.textContent.includes(t.schedules.outside));
  await answer();
  assert.ok(modal().textContent.includes(t.schedules.outside));
  modal().close();
});

test("an account that a colleague has just revoked is not tested unseen, but by the next press", async () => {
  meanwhile = () => {
    revoke();
    meanwhile = null;
  };
  await (
    await pressed()
  )();
  assert.equal(there.status, "unconfirmed");
  assert.equal(toasts.textContent, `Production: ${t.list.revokedMeanwhile}`);
  assert.ok(app.textContent.includes(t.account.statusText.revoked));
  press(button(app, t.account.test));
  await soon(50);
  assert.deepEqual([there.status, location.hash], ["confirmed", TEST]);
});

test("of an account that has changed in any other way, a test is started all the same", async () => {
  meanwhile = () => {
    change({ name: "Renamed", status: "degraded" });
    meanwhile = null;
  };
  await (
    await pressed()
  )();
  assert.equal(location.hash, TEST);
  assert.deepEqual(acts, [`POST ${TESTS}`, `POST ${TESTS}`]);
});

test("one that changes again and again, or is revoked then, is read and left to the next press", async () => {
  meanwhile = () => change({ name: `Renamed${there.version}` });
  await (
    await pressed()
  )();
  assert.equal(acts.length, 2);
  assert.equal(toasts.textContent, `${there.name}: ${t.list.changedMeanwhile}`);
  meanwhile = () => (acts.length % 2 ? revoke() : change({ name: "Other" }));
  press(button(app, t.account.test));
  await soon(50);
  assert.equal(there.status, "unconfirmed");
});

test("what keeps a test from starting is said of its account, as it is called by then", async () => {
  meanwhile = () => {
    store.put(change({ name: "Renamed" }), Date.now());
    throw new TypeError("Failed to fetch");
  };
  await (
    await pressed()
  )();
  assert.equal(toasts.textContent, `Renamed: ${t.list.perhapsStarted}`);
});

test("what keeps a test from starting is said of its account", async () => {
  meanwhile = () => {
    throw new TypeError("Failed to fetch");
  };
  await (
    await pressed()
  )();
  assert.equal(toasts.textContent, `Production: ${t.list.perhapsStarted}`);
});
