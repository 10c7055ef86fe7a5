// What the audit trail says became of a test or an act, of one account or of all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { soon } from "./soon.mjs";

// What the modules touch when they are loaded.
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const store = await import(`${page}/lib/store.js`);
const { withOutcomes } = await import(`${page}/views/trail.js`);

const never = new AbortController().signal;
const tested = (account, id) => ({
  account_id: account,
  action: "tested",
  detail: `verification ${id}`,
  target: { type: "account" },
});
const act = (account, id, minutesAgo = 90) => ({
  account_id: account,
  audit_id: id,
  at: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
  action: "stop_requested",
  target: { type: "instance" },
});

async function completed(of, ...items) {
  await of.complete(items);
  return items.map((entry) => of.shown(entry).outcome);
}

test("entries of several accounts get their outcomes, each list is asked for once", async () => {
  api.start({ api_base: "http://api.test" });
  const asked = [];
  const lists = {
    "/v1/accounts/a/verifications": [{ verification_id: "t1", outcome: "failed" }],
    "/v1/accounts/b/verifications": [{ verification_id: "t2", outcome: null, state: "running" }],
    "/v1/accounts/b/interactions": [{ interaction_id: "i1", outcome: "refused" }],
  };
  globalThis.fetch = async (url) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    return lists[pathname]
      ? Response.json({ items: lists[pathname] })
      : Response.json({ title: "Not Found" }, { status: 404 });
  };
  const outcomes = withOutcomes(never);
  const entries = [
    tested("a", "t1"),
    tested("a", "t0"),
    act("b", "i1"),
    tested("b", "t2"),
    tested("gone", "t3"),
    { ...act("a", "x"), action: "created", target: { type: "account" } },
  ];
  assert.deepEqual(await completed(outcomes, ...entries), ["failed", "", "refused", "running", "", undefined]);
  // The account tells what the failed test means.
  assert.equal(asked.length, 5);
  assert.equal(asked.filter((path) => path === "/v1/accounts/a").length, 1);
  lists["/v1/accounts/b/verifications"] = [{ verification_id: "t2", outcome: "confirmed" }];
  assert.equal((await completed(outcomes, ...entries))[3], "confirmed");
  // What is known, or is older than what is listed, is not asked for again.
  assert.deepEqual(asked.slice(5), ["/v1/accounts/b/verifications"]);
});

test("entries of many accounts on several pages get their outcomes as they are read again", async () => {
  globalThis.fetch = async (url) => {
    const account = new URL(url).pathname.split("/")[3];
    return Response.json({ items: [{ verification_id: account, outcome: "confirmed" }] });
  };
  const entries = Array.from({ length: 12 }, (_, index) => tested(`a${index}`, `a${index}`));
  const outcomes = withOutcomes(never);
  // The second page is shown after the first; both are read again.
  for (const shown of [entries.slice(0, 6), entries, entries]) await completed(outcomes, ...shown);
  assert.deepEqual(await completed(outcomes, ...entries), Array(12).fill("confirmed"));
});

test("a test that has ended does not run again because an old answer says so", async () => {
  const entries = [tested("a", "t"), tested("a", "u")];
  let items = [{ verification_id: "t", outcome: "confirmed" }];
  globalThis.fetch = async () => Response.json({ items });
  const outcomes = withOutcomes(never);
  items.push({ verification_id: "u", outcome: null, state: "running" });
  assert.deepEqual(await completed(outcomes, ...entries), ["confirmed", "running"]);
  items = items.map(({ verification_id }) => ({ verification_id, outcome: null, state: "running" }));
  assert.deepEqual(await completed(outcomes, ...entries), ["confirmed", "running"]);
});

/** The API, with an account "a" that could not be entered by any of these tests, the newest first. */
function unconfirmed(...ids) {
  const issues = [{ code: "role_not_assumable" }];
  const items = ids.map((verification_id) => ({ verification_id, outcome: "failed" }));
  const there = {
    items,
    account: { account_id: "a", status: "unconfirmed", version: 1, issues, verification: items[0] },
  };
  globalThis.fetch = async (url) => {
    if (new URL(url).pathname.endsWith("/verifications")) return Response.json({ items: there.items });
    return there.account ? Response.json(there.account) : Response.json({ title: "No" }, { status: there.status });
  };
  return there;
}

for (const [what, known, list] of [
  ["of which nothing is known", null, []],
  ["that is known as it was before its test", { account_id: "a", status: "unconfirmed", version: 1 }, []],
  ["that is tested again meanwhile", null, [{ verification_id: "2", outcome: null, state: "running" }]],
])
  test(`what a failed test means, an account tells ${what}`, async () => {
    store.forget();
    if (known) store.put(known, null, Date.now() - 1_000);
    const there = unconfirmed("1");
    there.items = [...list, ...there.items];
    assert.deepEqual(await completed(withOutcomes(never), tested("a", "1")), ["notThereYet"]);
  });

test("a test that could not enter its account is looked at again until that says something else", async () => {
  store.forget();
  const outcomes = withOutcomes(never);
  let there = unconfirmed("1");
  const first = tested("a", "1");
  assert.deepEqual(await completed(outcomes, first), ["notThereYet"]);
  there = unconfirmed("2", "1");
  assert.deepEqual(await completed(outcomes, tested("a", "2"), first), ["notThereYet", "failed"]);
  // By a scheduled test, which is not in the trail.
  there.items = [{ verification_id: "3", outcome: "confirmed" }, ...there.items];
  there.account = { ...there.account, status: "confirmed", issues: [], version: 2, verification: there.items[0] };
  assert.deepEqual(await completed(outcomes, tested("a", "2"), first), ["failed", "failed"]);
});

test("an account that could not be read is read again, and of one that is deleted nothing is awaited", async () => {
  store.forget();
  const outcomes = withOutcomes(never);
  const there = unconfirmed("1");
  const { account } = there;
  Object.assign(there, { account: null, status: 403 });
  await completed(outcomes, tested("a", "1"));
  there.account = account;
  assert.deepEqual(await completed(outcomes, tested("a", "1")), ["notThereYet"]);
  Object.assign(there, { account: null, status: 404 });
  assert.deepEqual(await completed(outcomes, tested("a", "1")), ["failed"]);
});

test("entries whose word may change keep no others waiting", async () => {
  store.forget();
  const items = (id) => [{ verification_id: id, outcome: "failed" }];
  globalThis.fetch = async (url) => {
    const [, , , id, list] = new URL(url).pathname.split("/");
    if (list) return Response.json({ items: items(id) });
    const issues = [{ code: "role_not_assumable" }];
    return Response.json({ account_id: id, status: "unconfirmed", version: 1, issues, verification: items(id)[0] });
  };
  const entries = Array.from({ length: 12 }, (_, index) => tested(`u${index}`, `u${index}`));
  const outcomes = withOutcomes(never);
  for (let read = 0; read < 2; read += 1) await completed(outcomes, ...entries);
  assert.deepEqual(await completed(outcomes, ...entries), Array(12).fill("notThereYet"));
});

test("accounts whose tests go on, or that cannot be read, keep no others from their turns", async (context) => {
  for (const busy of [Response.json({ items: [] }, { status: 403 }), null]) {
    store.forget();
    let now = 1_000_000;
    context.mock.method(Date, "now", () => now);
    globalThis.fetch = async (url) => {
      const [, , , id] = new URL(url).pathname.split("/");
      const isFirst = Number(id.slice(1)) < 5;
      if (isFirst && busy) return busy.clone();
      const item = isFirst ? { state: "running", outcome: null } : { outcome: "confirmed" };
      return Response.json({ items: [{ verification_id: id, ...item }] });
    };
    const entries = Array.from({ length: 12 }, (_, index) => tested(`b${index}`, `b${index}`));
    const outcomes = withOutcomes(never);
    for (let read = 0; read < 3; read += 1, now += 30_000) await completed(outcomes, ...entries);
    assert.deepEqual((await completed(outcomes, ...entries)).slice(5), Array(7).fill("confirmed"));
  }
});

/** Accounts that no test could enter, and what is asked of the API. */
function manyUnconfirmed(context, count) {
  store.forget();
  const server = { asked: 0, now: 1_000_000, isDown: false };
  context.mock.method(Date, "now", () => server.now);
  globalThis.fetch = async (url) => {
    server.asked += 1;
    await server.held;
    if (server.isDown) return Response.json({ title: "No" }, { status: 403 });
    const [, , , id, list] = new URL(url).pathname.split("/");
    const items = [{ verification_id: id, outcome: "failed" }];
    if (list) return Response.json({ items });
    const issues = [{ code: "role_not_assumable" }];
    return Response.json({ account_id: id, status: "unconfirmed", version: 1, issues, verification: items[0] });
  };
  return { server, entries: Array.from({ length: count }, (_, index) => tested(`o${index}`, `o${index}`)) };
}

test("a trail of many words that may change is no older than itself, and asks for a few at a time", async (context) => {
  const { server, entries } = manyUnconfirmed(context, 30);
  const outcomes = withOutcomes(never);
  for (let read = 0; read < 20; read += 1) {
    await completed(outcomes, ...entries);
    assert.equal(outcomes.readAt(), 0);
    server.now += 30_000;
  }
  assert.equal(server.asked, 20 * 10);
  assert.deepEqual(await completed(outcomes, ...entries), Array(30).fill("notThereYet"));
});

test("outcomes that are awaited are not asked for again", async (context) => {
  const { server, entries } = manyUnconfirmed(context, 6);
  const held = Promise.withResolvers();
  server.held = held.promise;
  const outcomes = withOutcomes(never);
  const looks = [outcomes.complete(entries), outcomes.complete(entries)];
  await soon();
  assert.equal(server.asked, 5);
  held.resolve();
  await Promise.all(looks);
  await completed(outcomes, ...entries);
  assert.equal(outcomes.shown(entries[5]).outcome, "notThereYet");
});

test("words that cannot be read again are as old as they are", async (context) => {
  const { server, entries } = manyUnconfirmed(context, 3);
  const outcomes = withOutcomes(never);
  await completed(outcomes, ...entries);
  const read = server.now;
  server.isDown = true;
  for (let look = 0; look < 2; look += 1) {
    server.now += 30_000;
    await completed(outcomes, ...entries);
    assert.equal(outcomes.readAt(), read);
  }
  server.isDown = false;
  await completed(outcomes, ...entries);
  assert.equal(outcomes.readAt(), 0);
});

test("an act that AWS has not answered yet is looked at again until it has, but no old one", async () => {
  const outcomes = withOutcomes(never);
  let [asked, items] = [0, []];
  globalThis.fetch = async () => {
    asked += 1;
    return Response.json({ items });
  };
  const entries = [act("open", "new", 0), act("open", "old")];
  assert.deepEqual(await completed(outcomes, ...entries), [undefined, ""]);
  items = [{ interaction_id: "new", outcome: "refused" }];
  assert.deepEqual(await completed(outcomes, ...entries), ["refused", ""]);
  await completed(outcomes, ...entries);
  assert.equal(asked, 2);
});

test("an act on an account that is deleted is awaited no more", async () => {
  let asked = 0;
  globalThis.fetch = async () => {
    asked += 1;
    return Response.json({ title: "No" }, { status: 404 });
  };
  const outcomes = withOutcomes(never);
  for (let read = 0; read < 2; read += 1) await completed(outcomes, act("gone", "new", 0));
  assert.equal(asked, 1);
});
