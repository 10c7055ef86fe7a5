// A change of an account that a test, or somebody else, has changed meanwhile: it is done, or said not to be.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { button, modal, opened, press, signIn, submit, toasts } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

globalThis.window = { addEventListener() {} };
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { begin } = await import(`${page}/lib/bulk.js`);
const { overview } = await import(`${page}/views/account.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

/** The account, what is awaited before it is answered, and before a change of it is. */
let there, readable, savable, view;

beforeEach(() => {
  store.forget();
  toasts.replaceChildren();
  there = {
    ...{ account_id: "a", name: "Production", provider_id: "123456789012", status: "confirmed", version: 1 },
    ...{ access_type: "assume_role", issues: [], capabilities: {}, write_logs: true },
  };
  [readable, savable] = [null, null];
  view = new AbortController();
  const answer = () => Response.json(there, { headers: { etag: `"${there.version}"` } });
  globalThis.fetch = async (address, { method, headers, body, signal }) => {
    const { pathname } = new URL(address);
    if (method === "PATCH") {
      await savable;
      if (headers["if-match"] !== `"${there.version}"`) return Response.json({}, { status: 412 });
      there = { ...there, ...JSON.parse(body), version: there.version + 1 };
      return answer();
    }
    if (pathname.endsWith("/accounts")) return Response.json({ items: [], next_cursor: null });
    if (!pathname.endsWith("/a")) return Response.json({}, { status: 403 });
    await readable;
    signal.throwIfAborted();
    return answer();
  };
});

async function shown() {
  store.put(there, Date.now() - 1_000);
  const main = opened(overview, view.signal);
  await soon(20);
  return main;
}

const testEnds = () => (there = { ...there, status: "degraded", version: there.version + 1 });

for (const [what, leaves] of [
  ["modal", false],
  ["modal and the view", true],
])
  test(`a change that is refused is said so, though somebody left the ${what}`, async () => {
    const main = await shown();
    press(button(main, t.actions.rename));
    modal().querySelector("input").value = "Renamed";
    const held = Promise.withResolvers();
    savable = held.promise;
    const form = modal().querySelector("form");
    submit();
    await soon(20);
    testEnds();
    modal().close();
    form.isConnected = false;
    await soon();
    if (leaves) view.abort();
    held.resolve();
    await soon(30);
    assert.equal(there.name, "Production");
    assert.equal(toasts.textContent, t.account.changedMeanwhile);
    view.abort();
  });

for (const [then, leaves] of [
  ["", false],
  [" and the view is left", true],
])
  test(`the switch sets what it was pressed for, though a test ends${then}`, async () => {
    const main = await shown();
    const held = Promise.withResolvers();
    savable = held.promise;
    press(main.querySelector(".switch"));
    await soon();
    testEnds();
    if (leaves) view.abort();
    held.resolve();
    await soon(30);
    assert.equal(there.write_logs, false);
    assert.equal(toasts.textContent, t.account.logsOff);
    view.abort();
  });

test("the switch sets what it was pressed for, though the view is left before the account is read", async () => {
  const held = Promise.withResolvers();
  readable = held.promise;
  const main = await shown();
  press(main.querySelector(".switch"));
  await soon();
  view.abort();
  held.resolve();
  await soon(30);
  assert.equal(there.write_logs, false);
  assert.equal(toasts.textContent, t.account.logsOff);
});

test("the switch waits for the answer to what was pressed before for several accounts, and so it counts", async () => {
  const answered = Promise.withResolvers();
  const { fetch } = globalThis;
  globalThis.fetch = async (address, options) => {
    if (!address.pathname.endsWith("/bulk")) return fetch(address, options);
    await answered.promise;
    there = { ...there, write_logs: true, version: there.version + 1 };
    return Response.json({ operation_id: "op1", total: 1 }, { status: 202 });
  };
  const main = await shown();
  begin({ action: "write_logs", value: true, selection: { account_ids: ["a"] } });
  press(main.querySelector(".switch"));
  await soon(30);
  assert.deepEqual([there.write_logs, toasts.textContent], [true, ""]);
  answered.resolve();
  await until(() => toasts.textContent);
  assert.deepEqual([there.write_logs, toasts.textContent], [false, t.account.logsOff]);
  view.abort();
});

const refused = { code: "log_writing_refused", severity: "problem", message: "M.", remedy: "R." };
for (const [status, logs, text] of [
  ["confirmed", "unknown", /^Cavok writes logs from now on, if the role or user allows it/],
  ["degraded", "none", /^Cavok writes logs from now on, if the role or user allows it/],
  ["unconfirmed", "unknown", /^Cavok writes logs once the account is connected, if the role or user allows it/],
])
  test(`nobody says that logs are written before a test has found it: ${status}, logs ${logs}`, async () => {
    const issues = logs === "none" ? [refused] : [];
    there = { ...there, status, issues, capabilities: { logs }, write_logs: false };
    const main = await shown();
    press(main.querySelector(".switch"));
    await soon(30);
    assert.equal(there.write_logs, true);
    assert.match(toasts.textContent, text);
    view.abort();
  });

for (const [what, status, code, text] of [
  ["connected", "confirmed", null, "Saved."],
  ["unconfirmed", "unconfirmed", null, "Saved. Test the account now."],
  ["revoked", "unconfirmed", "revoked", "Saved. The account stays revoked until a person tests it."],
])
  test(`whoever saves role and regions of an account that is ${what} then is told "${text}"`, async () => {
    const role = { role_arn: "arn:aws:iam::123456789012:role/CavokCloud", role_path: "/", regions: ["eu-west-1"] };
    there = { ...there, ...role, status, issues: code ? [{ code, message: "M.", remedy: "R." }] : [] };
    const main = await shown();
    press(button(main, t.actions.change));
    submit();
    await soon(30);
    assert.equal(there.version, 2);
    assert.equal(toasts.textContent, text);
    view.abort();
  });

test("of an account that is removed while its switch is pressed, that is said", async (context) => {
  const errors = context.mock.method(console, "error", () => {});
  const main = await shown();
  const held = Promise.withResolvers();
  savable = held.promise;
  press(main.querySelector(".switch"));
  await soon();
  store.remove("a");
  held.resolve();
  await soon(30);
  assert.equal(toasts.textContent, t.account.missing);
  assert.equal(errors.mock.callCount(), 0);
  view.abort();
});

test("a name that tests keep from being saved stays in its form, which does not ask to type it again", async () => {
  const main = await shown();
  press(button(main, t.actions.rename));
  const input = modal().querySelector("input");
  input.value = "Renamed";
  const { fetch } = globalThis;
  globalThis.fetch = (address, options) => {
    if (options.method === "PATCH") testEnds();
    return fetch(address, options);
  };
  submit();
  await soon(50);
  assert.equal(there.version, 3);
  assert.equal(modal().querySelector(".form-error").textContent, t.account.changedMeanwhile);
  assert.equal(input.value, "Renamed");
  assert.doesNotMatch(t.account.changedMeanwhile, /make|enter|change again/);
  globalThis.fetch = fetch;
  submit();
  await soon(50);
  assert.equal(there.name, "Renamed");
  view.abort();
});
