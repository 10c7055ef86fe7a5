// What the audit trail says became of a test or an act, of one account or of all.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { soon } from "./soon.mjs";

// What the modules touch.
Object.defineProperty(globalThis, "navigator", { value: { onLine: true }, configurable: true });
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const store = await import(`${page}/lib/store.js`);
const { resultText, withOutcomes } = await import(`${page}/views/trail.js`);
api.start({ api_base: "http://api.test" });

let view;
beforeEach(() => (view = new AbortController()));
afterEach(() => view.abort());
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

/** Returns what lets a good minute pass. */
function minutes(context) {
  const { now } = performance;
  let ahead = 0;
  context.mock.method(performance, "now", () => now.call(performance) + ahead);
  return () => (ahead += 61_000);
}

async function completed(of, ...items) {
  await of.complete(items);
  return items.map((entry) => of.shown(entry).outcome);
}

test("entries of several accounts get their outcomes, each list is asked for once", async (context) => {
  const pass = minutes(context);
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
  const outcomes = withOutcomes(view.signal);
  const entries = [
    tested("a", "t1"),
    tested("a", "t0"),
    act("b", "i1"),
    tested("b", "t2"),
    tested("gone", "t3"),
    { ...act("a", "x"), action: "created", target: { type: "account" } },
  ];
  assert.deepEqual(await completed(outcomes, ...entries), ["failed", undefined, "refused", "running", "", undefined]);
  // The account tells what the failed test means.
  assert.equal(asked.length, 5);
  assert.equal(asked.filter((path) => path === "/v1/accounts/a").length, 1);
  lists["/v1/accounts/b/verifications"] = [{ verification_id: "t2", outcome: "confirmed" }];
  pass();
  assert.deepEqual((await completed(outcomes, ...entries)).slice(1, 4), ["", "refused", "confirmed"]);
  asked.length = 0;
  // What is known, or is older than what is listed, is not asked for again.
  await completed(outcomes, ...entries);
  assert.deepEqual(asked, []);
});

test("entries of many accounts on several pages get their outcomes as they are read again", async () => {
  globalThis.fetch = async (url) => {
    const account = new URL(url).pathname.split("/")[3];
    return Response.json({ items: [{ verification_id: account, outcome: "confirmed" }] });
  };
  const entries = Array.from({ length: 12 }, (_, index) => tested(`a${index}`, `a${index}`));
  const outcomes = withOutcomes(view.signal);
  // The second page is shown after the first; both are read again.
  for (const shown of [entries.slice(0, 6), entries, entries]) await completed(outcomes, ...shown);
  assert.deepEqual(await completed(outcomes, ...entries), Array(12).fill("confirmed"));
});

test("a test that has ended does not run again because an old answer says so", async () => {
  const entries = [tested("a", "t"), tested("a", "u")];
  let items = [{ verification_id: "t", outcome: "confirmed" }];
  globalThis.fetch = async () => Response.json({ items });
  const outcomes = withOutcomes(view.signal);
  items.push({ verification_id: "u", outcome: null, state: "running" });
  assert.deepEqual(await completed(outcomes, ...entries), ["confirmed", "running"]);
  items = items.map(({ verification_id }) => ({ verification_id, outcome: null, state: "running" }));
  assert.deepEqual(await completed(outcomes, ...entries), ["confirmed", "running"]);
});

test("a word that was read before its entry was listed is as old as it is", async (context) => {
  let now = 1_000_000;
  context.mock.method(Date, "now", () => now);
  const items = ["t", "u"].map((verification_id) => ({ verification_id, outcome: null, state: "running" }));
  globalThis.fetch = async () => Response.json({ items });
  const outcomes = withOutcomes(view.signal);
  await completed(outcomes, tested("a", "t"));
  now += 30_000;
  const looks = outcomes.complete([tested("a", "u")]);
  assert.equal(outcomes.readAt(), 1_000_000);
  await looks;
  assert.equal(outcomes.readAt(), now);
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
    if (known) store.put(known, Date.now() - 1_000);
    const there = unconfirmed("1");
    there.items = [...list, ...there.items];
    assert.deepEqual(await completed(withOutcomes(view.signal), tested("a", "1")), ["notThereYet"]);
  });

test("what was known of an account says nothing of a test that another verdict has followed", async () => {
  store.forget();
  const there = unconfirmed("1");
  store.put(there.account, Date.now() - 600_000);
  there.items.unshift({ verification_id: "2", outcome: "confirmed" });
  there.account = { ...there.account, status: "confirmed", issues: [], version: 2, verification: there.items[0] };
  const said = await completed(withOutcomes(view.signal), tested("a", "2"), tested("a", "1"));
  assert.deepEqual(said, ["confirmed", "failed"]);
});

test("a test that could not enter its account is looked at again until that says something else", async () => {
  store.forget();
  const outcomes = withOutcomes(view.signal);
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
  const outcomes = withOutcomes(view.signal);
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
  const outcomes = withOutcomes(view.signal);
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
    const outcomes = withOutcomes(view.signal);
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

test("of accounts that are not there yet as many as a page has are looked at each time, in turns", async (context) => {
  const { server, entries } = manyUnconfirmed(context, 60);
  const outcomes = withOutcomes(view.signal);
  await completed(outcomes, ...entries);
  assert.equal(server.asked, 120);
  // A clock that is set back changes no turns.
  server.now -= 3_600_000;
  for (let read = 0; read < 6; read += 1, server.now += 30_000) {
    server.asked = 0;
    await completed(outcomes, ...entries);
    assert.equal(server.asked, 50);
    // None waits for longer than one read, but the last one may have done so before.
    if (read > 2) assert.ok(server.now - outcomes.readAt() <= 90_000);
  }
  assert.deepEqual(await completed(outcomes, ...entries), Array(60).fill("notThereYet"));
});

for (const [count, states] of [
  [50, /^(live )+$/],
  [51, /^(live )+(late )+$/],
  [120, /^(live )+(late )+$/],
])
  test(`what is said of the age of ${count} such accounts does not come and go with their turns`, async (context) => {
    const { server, entries } = manyUnconfirmed(context, count);
    const outcomes = withOutcomes(view.signal);
    let said = "";
    for (let read = 0; read < 8; read += 1) {
      await completed(outcomes, ...entries);
      for (let tick = 0; tick < 6; tick += 1, server.now += 5_000) said += `${store.freshness(outcomes.readAt())} `;
    }
    assert.match(said, states);
  });

for (const count of [6, 45])
  test(`a test that runs beside ${count} accounts that are not there yet is looked at each time`, async (context) => {
    const { server, entries } = manyUnconfirmed(context, count);
    const { fetch } = globalThis;
    let item = { state: "running", outcome: null };
    globalThis.fetch = async (url) =>
      String(url).includes("/x/") ? Response.json({ items: [{ verification_id: "x", ...item }] }) : fetch(url);
    const outcomes = withOutcomes(view.signal);
    const listed = [...entries, tested("x", "x")];
    for (let read = 0; read < 3; read += 1, server.now += 30_000) {
      assert.equal((await completed(outcomes, ...listed)).at(-1), "running");
      // As are these accounts.
      assert.equal(outcomes.readAt(), server.now);
    }
    item = { state: "finished", outcome: "confirmed" };
    assert.equal((await completed(outcomes, ...listed)).at(-1), "confirmed");
  });

/** Accounts whose tests have one outcome, and what is asked at a time. `held`: answers to these come once that has. */
function manyTested(count, item, held = {}) {
  store.forget();
  const server = { item, open: 0, most: 0, asked: [] };
  globalThis.fetch = async (url) => {
    const [, , , id] = new URL(url).pathname.split("/");
    server.asked.push(id);
    server.most = Math.max(server.most, ++server.open);
    await (held[id] ?? soon(0));
    server.open -= 1;
    return Response.json({ items: [{ verification_id: id, ...server.item }] });
  };
  return { server, entries: Array.from({ length: count }, (_, index) => tested(`m${index}`, `m${index}`)) };
}

test("all accounts of a page get their outcomes at once, five at a time, each once it is there", async () => {
  const { server, entries } = manyTested(50, { outcome: "confirmed" });
  const outcomes = withOutcomes(view.signal);
  const known = [];
  await outcomes.complete(entries, () => known.push(entries.filter((entry) => outcomes.shown(entry).outcome).length));
  assert.deepEqual([known[0], known.at(-1), known.length, server.most], [1, 50, 50, 5]);
});

test("all tests that run are looked at with each read, also after the clock was set back", async (context) => {
  const { server, entries } = manyTested(12, { state: "running", outcome: null });
  let now = 10_000_000;
  context.mock.method(Date, "now", () => now);
  const outcomes = withOutcomes(view.signal);
  await completed(outcomes, ...entries);
  now -= 3_600_000;
  for (let read = 0; read < 3; read += 1, now += 30_000) {
    server.asked = [];
    await completed(outcomes, ...entries);
    assert.equal(new Set(server.asked).size, 12);
    assert.equal(outcomes.readAt(), now);
  }
});

test("entries that are listed while others are looked at wait for no further read", async () => {
  const first = Promise.withResolvers();
  const { entries } = manyTested(8, { outcome: "confirmed" }, { m0: first.promise });
  const outcomes = withOutcomes(view.signal);
  outcomes.complete(entries.slice(0, 4));
  await soon(20);
  const looks = outcomes.complete(entries);
  first.resolve();
  await looks;
  assert.deepEqual(
    entries.map((entry) => outcomes.shown(entry).outcome),
    Array(8).fill("confirmed"),
  );
});

test("a look that hangs holds up no other, is not made twice, and makes its word as old as it is", async (context) => {
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, wait === 5_000 ? 100 : wait));
  let now = 1_000_000;
  context.mock.method(Date, "now", () => now);
  const held = {};
  const { server, entries } = manyTested(7, { state: "running", outcome: null }, held);
  const outcomes = withOutcomes(view.signal);
  await completed(outcomes, ...entries);
  const hangs = Promise.withResolvers();
  held.m0 = hangs.promise;
  server.asked = [];
  for (let read = 0; read < 3; read += 1) {
    now += 30_000;
    if (read === 2) server.item = { outcome: "confirmed" };
    await completed(outcomes, ...entries);
    assert.equal(outcomes.readAt(), 1_000_000);
  }
  const words = () => entries.map((entry) => outcomes.shown(entry).outcome);
  assert.deepEqual(words(), ["running", ...Array(6).fill("confirmed")]);
  assert.equal(server.asked.filter((id) => id === "m0").length, 1);
  hangs.resolve();
  await soon(20);
  assert.deepEqual(words(), Array(7).fill("confirmed"));
  assert.equal(outcomes.readAt(), 0);
});

test("an outcome that was never read is lacking as long as it cannot be", async () => {
  store.forget();
  const outcomes = withOutcomes(view.signal);
  const how = () => store.freshness(Date.now());
  const down = () => (globalThis.fetch = async () => Response.json({ title: "No" }, { status: 403 }));
  down();
  assert.equal(how(), "live");
  await completed(outcomes, tested("n", "n"));
  assert.equal(how(), "incomplete");
  globalThis.fetch = async () => Response.json({ items: [{ verification_id: "n", state: "running", outcome: null }] });
  await completed(outcomes, tested("n", "n"));
  assert.equal(how(), "live");
  down();
  await completed(outcomes, tested("n", "n"));
  assert.equal(how(), "live");
  await completed(outcomes, tested("n", "n"), tested("o", "o"));
  assert.equal(how(), "incomplete");
  view.abort();
  assert.equal(how(), "live");
});

test("outcomes that are awaited are not asked for again", async (context) => {
  const { server, entries } = manyUnconfirmed(context, 6);
  const held = Promise.withResolvers();
  server.held = held.promise;
  const outcomes = withOutcomes(view.signal);
  const looks = [outcomes.complete(entries), outcomes.complete(entries)];
  await soon();
  assert.equal(server.asked, 5);
  held.resolve();
  await Promise.all(looks);
  assert.equal(outcomes.shown(entries[5]).outcome, "notThereYet");
});

test("words that cannot be read again are as old as they are", async (context) => {
  const { server, entries } = manyUnconfirmed(context, 3);
  const outcomes = withOutcomes(view.signal);
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
  assert.equal(outcomes.readAt(), server.now);
});

test("an act that AWS has not answered yet is looked at again until it has, but no old one", async (context) => {
  const pass = minutes(context);
  const outcomes = withOutcomes(view.signal);
  let [asked, items] = [0, []];
  globalThis.fetch = async () => {
    asked += 1;
    return Response.json({ items });
  };
  const entries = [act("open", "new", 0), act("open", "old")];
  await completed(outcomes, ...entries);
  pass();
  assert.deepEqual(await completed(outcomes, ...entries), [undefined, ""]);
  items = [{ interaction_id: "new", outcome: "refused" }];
  assert.deepEqual(await completed(outcomes, ...entries), ["refused", ""]);
  await completed(outcomes, ...entries);
  assert.equal(asked, 3);
});

for (const [what, entryOf, item] of [
  ["a test that its list does not have yet", tested, { verification_id: "new", outcome: "confirmed" }],
  ["an act, by a clock that is fast,", act, { interaction_id: "new", outcome: "accepted" }],
])
  test(`${what} is looked at again for a minute`, async (context) => {
    const pass = minutes(context);
    const entry = entryOf("late", "new");
    for (const isLate of [false, true]) {
      const outcomes = withOutcomes(view.signal);
      let [asked, items] = [0, []];
      globalThis.fetch = async () => {
        asked += 1;
        return Response.json({ items });
      };
      assert.deepEqual(await completed(outcomes, entry), [undefined]);
      if (isLate) pass();
      else items = [item];
      assert.deepEqual(await completed(outcomes, entry), [isLate ? "" : item.outcome]);
      await completed(outcomes, entry);
      assert.equal(asked, 2);
    }
  });

test("an act on an account that is deleted is awaited no more", async () => {
  let asked = 0;
  globalThis.fetch = async () => {
    asked += 1;
    return Response.json({ title: "No" }, { status: 404 });
  };
  const outcomes = withOutcomes(view.signal);
  for (let read = 0; read < 2; read += 1) await completed(outcomes, act("gone", "new", 0));
  assert.equal(asked, 1);
});

test("nothing runs in an account that is deleted meanwhile", async () => {
  let answer = () => Response.json({ items: [{ verification_id: "t", outcome: null, state: "running" }] });
  globalThis.fetch = async () => answer();
  const outcomes = withOutcomes(view.signal);
  assert.deepEqual(await completed(outcomes, tested("going", "t")), ["running"]);
  answer = () => Response.json({ title: "No" }, { status: 404 });
  assert.deepEqual(await completed(outcomes, tested("going", "t")), [""]);
});

const accepted = { action: "start", outcome: "accepted", instance_id: "orders", kind: "rds" };
// As in domain/outcomes.py: at_the_end, superseded, unseen_for_good.
for (const [state, state_reason] of [
  ["starting", "It was still starting. Not followed after 10 minutes."],
  ["stopping", "A later request started or stopped it before it was seen in the wanted state."],
  [null, "Cavok may not look at it any more: A person revoked the use of the account Production."],
])
  test(`a start of which it is not known whether it followed says why not: ${state_reason}`, () => {
    const said = resultText({ ...accepted, result: "unknown", state, state_reason });
    assert.ok(said.includes(state_reason), said);
    assert.ok(!said.includes("Nobody could see"), said);
  });

test("the state in which an instance was seen then is not said to be its state now", () => {
  const said = resultText({ ...accepted, result: "not_reached", state: "stopped", state_reason: "No capacity." });
  assert.ok(!/\bis stopped\b/.test(said), said);
});
