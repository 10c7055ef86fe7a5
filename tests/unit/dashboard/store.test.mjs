// The store of accounts: what an answer may change, and how pages that are read again are merged.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import "./drawn.mjs";
import * as api from "../../../functions/dashboard/static/lib/api.js";
import { changedSince } from "../../../functions/dashboard/static/lib/dom.js";
import { Problem } from "../../../functions/dashboard/static/lib/problem.js";
import * as store from "../../../functions/dashboard/static/lib/store.js";
import { soon } from "./soon.mjs";

const never = new AbortController().signal;
const account = (name, changes = {}) => ({
  account_id: name,
  name,
  provider_id: "123456789012",
  status: "confirmed",
  version: 1,
  ...changes,
});

let there = [];
let down = "";

function numbers() {
  const by_status = Object.fromEntries(
    Object.entries(Object.groupBy(there, ({ status }) => status)).map(([status, each]) => [status, each.length]),
  );
  return { total: there.length, by_status };
}

// The API's list: a page begins after an account, whatever was added before it.
function answer(url) {
  if (down === "offline") throw new TypeError("Failed to fetch");
  if (down) return Response.json({ title: "No" }, { status: 422 });
  const { pathname, searchParams } = new URL(url);
  const id = pathname.split("/v1/accounts/")[1];
  if (id) {
    const found = there.find(({ account_id: each }) => each === id);
    return found ? Response.json(found) : Response.json({ title: "Not Found" }, { status: 404 });
  }
  if (pathname === "/v1/organization") return Response.json({ accounts: numbers() });
  const q = searchParams.get("q") ?? "";
  const wanted = searchParams.get("status");
  const version = searchParams.get("template_version");
  const fitting = there.filter(
    ({ name, status, template }) =>
      name.startsWith(q) && (!wanted || status === wanted) && (!version || String(template?.version) === version),
  );
  const rest = fitting.filter(({ name }) => name > (searchParams.get("cursor") ?? ""));
  const items = rest.slice(0, Number(searchParams.get("limit")));
  return Response.json({ items, next_cursor: items.length < rest.length ? items.at(-1).name : null });
}

const names = (count, step = 1) =>
  Array.from({ length: count }, (_, index) => `a${String(index * step).padStart(4, "0")}`);

beforeEach(() => {
  store.forget();
  api.start({ api_base: "http://api.test" });
  down = "";
  there = [];
  globalThis.fetch = async (url) => answer(url);
  Object.defineProperty(globalThis, "navigator", { value: { onLine: true }, configurable: true });
});

async function listed(...all) {
  there = all.map((name) => account(name));
  const listing = store.listingOf({});
  await listing.readMore(never);
  return listing;
}

function add(...more) {
  there = [...there, ...more.map((name) => account(name))].sort((a, b) => (a.name < b.name ? -1 : 1));
}

test("an answer of an older version changes nothing; the newest is that which is sent as a condition", () => {
  store.put(account("a", { version: 3, status: "failed" }), Date.now());
  store.put(account("a", { version: 2 }), Date.now());
  assert.equal(store.account("a").status, "failed");
  assert.equal(store.tagOf("a"), '"3"');
  store.put(account("a", { version: 3, testing: true }), Date.now());
  assert.equal(store.tagOf("a"), '"3"');
  store.put(account("a", { version: 4 }), Date.now());
  assert.equal(store.tagOf("a"), '"4"');
  // An older API counts none.
  store.put(account("b", { version: undefined }), Date.now());
  assert.equal(store.tagOf("b"), undefined);
});

test("of answers of one version, which tests leave as it is, that which was asked for last holds", async () => {
  const answers = [];
  globalThis.fetch = () => new Promise((resolve) => answers.push(resolve));
  const answered = (index, issues) => answers[index](Response.json(account("a", { issues })));
  const first = store.read("a", never);
  await soon();
  const second = store.read("a", never);
  await soon();
  answered(1, ["found since"]);
  await second;
  answered(0, []);
  await first;
  assert.deepEqual(store.account("a").issues, ["found since"]);
});

test("a late count, or page of the list, does not replace a newer one", async () => {
  const listing = await listed("a");
  const answers = [];
  globalThis.fetch = (url) => {
    const said = answer(url);
    return new Promise((resolve) => answers.push(() => resolve(said)));
  };
  const reads = [];
  for (const name of ["b", "c"]) {
    add(name);
    reads.push(store.readNumbers(never), listing.reread(new Set(["a"]), never));
    await soon();
  }
  for (const [first, second] of [
    [2, 3],
    [0, 1],
  ]) {
    answers[first]();
    answers[second]();
    const [said] = await Promise.all([reads[first], reads[second]]);
    assert.ok(said.accounts);
    assert.equal(store.numbers().total, 3);
    assert.deepEqual(listing.arrivals, ["b", "c"]);
  }
});

// What is asked for now is answered as it is now, but later: returns what lets the answer come.
function heldAnswer() {
  let come;
  globalThis.fetch = (url) => {
    const said = answer(url);
    return new Promise((resolve) => {
      come = () => resolve(said);
    });
  };
  return () => come();
}

test("a read that began before an account was gone does not bring it back", async () => {
  const listing = await listed("a", "b");
  const release = heldAnswer();
  const reading = listing.reread(new Set(["a"]), never);
  await soon();
  store.remove("b");
  release();
  await reading;
  assert.equal(store.account("b"), null);
  assert.deepEqual(listing.ids, ["a"]);
});

test("accounts of others are offered, and take their place in the API's order", async () => {
  const listing = await listed("b", "d");
  add("a", "c", "e", "f");
  await listing.reread(new Set(["b"]), never);
  assert.deepEqual(listing.ids, ["b", "d"]);
  assert.equal(listing.arrivals.length, 4);
  assert.deepEqual(listing.showArrivals(), ["a", "c", "e", "f"]);
  assert.deepEqual(listing.ids, ["a", "b", "c", "d", "e", "f"]);
  await listing.reread(new Set(["b"]), never);
  assert.deepEqual(listing.arrivals, []);
});

test("an account that is offered, and that this page turns out to have made, is one row", async () => {
  const listing = await listed("a", "c");
  await soon();
  add("b");
  await listing.reread(new Map([["a", 1]]), never);
  assert.deepEqual(listing.arrivals, ["b"]);
  store.add(account("b"), Date.now());
  assert.deepEqual([listing.ids, listing.arrivals], [["a", "b", "c"], []]);
  listing.showArrivals();
  assert.deepEqual(listing.ids, ["a", "b", "c"]);
});

for (const [what, change] of [
  ["turned out of the filter", () => store.put(account("b", { status: "failed", version: 2 }), Date.now())],
  ["was deleted", () => store.remove("b")],
  ["was renamed", () => store.put(account("b", { name: "z", version: 2 }), Date.now())],
])
  test(`an account that is offered has its place also where the row before it ${what}`, async () => {
    there = ["a", "b", "d", "e"].map((name) => account(name));
    const listing = store.listingOf({ status: "confirmed" });
    await listing.readMore(never);
    add("c");
    await listing.reread(new Set(["a"]), never);
    change();
    listing.showArrivals();
    assert.deepEqual(
      listing.ids.filter((id) => id !== "b"),
      ["a", "c", "d", "e"],
    );
  });

test("one that is offered last of what is loaded is a row also where all after it have left", async () => {
  const all = names(60);
  const listing = await listed(...all);
  add(`${all[47]}x`);
  await listing.reread(new Set(all.slice(0, 50)), never);
  for (const id of all.slice(48, 50)) store.remove(id);
  assert.deepEqual(listing.showArrivals(), [`${all[47]}x`]);
  assert.equal(listing.ids.at(-1), `${all[47]}x`);
});

test("what is not loaded yet is not new", async () => {
  const all = names(60);
  const listing = await listed(...all);
  assert.equal(listing.ids.length, 50);
  there = there.filter(({ name }) => name !== all[3]);
  await listing.reread(new Set(all.slice(0, 10)), never);
  assert.deepEqual(listing.arrivals, []);
  assert.equal(listing.ids.length, 49);
  await listing.readMore(never);
  assert.deepEqual(
    listing.ids,
    there.map(({ name }) => name),
  );
});

test("an answer that is no whole page says that the API looks on, until it is the last one", async () => {
  const pages = [[], names(50), names(150).slice(50), ["x"], []];
  const asked = [];
  globalThis.fetch = async (url) => {
    const at = Number(new URL(url).searchParams.get("cursor") ?? 0);
    asked.push(at);
    return Response.json({
      items: pages[at].map((name) => account(name, { status: "failed" })),
      next_cursor: pages[at + 1] ? `${at + 1}` : null,
    });
  };
  const listing = store.listingOf({ q: "1234", status: "failed" });
  const read = [];
  while (!listing.ended) {
    await listing.readMore(never);
    read.push([listing.ids.length, listing.isSparse]);
  }
  assert.deepEqual(asked, [0, 1, 2, 3, 4]);
  assert.deepEqual(read, [
    [0, true],
    [50, true],
    [150, false],
    [151, true],
    [151, false],
  ]);
});

/** A list of failed accounts of which the API finds these in each answer. It was stopped after the first two. */
async function stoppedAt(pages) {
  const asked = [];
  globalThis.fetch = async (url) => {
    const { pathname, searchParams } = new URL(url);
    if (pathname !== "/v1/accounts") return answer(url);
    const at = Number(searchParams.get("cursor") ?? 0);
    asked.push(at);
    const items = pages[at].map((name) => there.find((each) => each.name === name));
    return Response.json({ items, next_cursor: pages[at + 1] ? `${at + 1}` : null });
  };
  const listing = store.listingOf({ status: "failed" });
  for (let read = 0; read < 2; read += 1) await listing.readMore(never);
  listing.isStopped = true;
  return { listing, asked, reread: () => listing.reread(new Set(listing.ids), never) };
}

test("what comes to fit in the last page of a list that was stopped is new", async () => {
  for (const before of [["b"], []]) {
    store.forget();
    there = ["a", "b", "c", "d"].map((name) => account(name, { status: "failed" }));
    const pages = [["a"], before, ["d"]];
    const { listing, reread } = await stoppedAt(pages);
    pages[1] = [...before, "c"];
    await reread();
    assert.deepEqual([listing.ids, listing.arrivals, listing.isSparse], [["a", ...before], ["c"], true]);
    listing.showArrivals();
    await listing.readMore(never);
    assert.deepEqual(listing.ids, ["a", ...before, "c", "d"]);
  }
});

test("what fits no more leaves a page in which the API finds no other, and nobody looks on for it", async () => {
  there = ["a", "b", "c"].map((name) => account(name, { status: "failed" }));
  const pages = [["a"], ["b"], ["c"], []];
  const { listing, asked, reread } = await stoppedAt(pages);
  there = there.map((each) => ({ ...each, status: "confirmed", version: 2 }));
  pages.fill([]);
  for (let round = 0; round < 3; round += 1) await reread();
  assert.deepEqual([listing.ids, Math.max(...asked), listing.pages.length], [[], 1, 2]);
});

test("the rest of a page that was full is not loaded yet, also where the API finds no more after it", async () => {
  const listing = await listed(...names(60));
  there = there.slice(20);
  for (let round = 0; round < 3; round += 1) await listing.reread(new Set(listing.ids), never);
  assert.deepEqual([listing.ids, listing.arrivals], [names(50).slice(20), []]);
  await listing.readMore(never);
  assert.deepEqual(listing.ids, names(60).slice(20));
});

test("a filter by version asks for it, and has the accounts whose role has it now", async () => {
  const of = (name, version) => account(name, { template: version && { version, current: 2 } });
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(new URL(url).searchParams.get("template_version"));
    // The index lags behind: "b" was updated a moment ago.
    return Response.json({ items: [of("a", 1), of("b", 2), of("c", 1), of("d", null)], next_cursor: null });
  };
  const listing = store.listingOf({ template_version: "1" });
  await listing.readMore(never);
  assert.deepEqual([listing.ids, listing.total, asked], [["a", "c"], undefined, ["1"]]);
  store.put(of("a", 2), Date.now() + 1);
  assert.deepEqual(listing.ids, ["c"]);
  store.add(account("e"), Date.now());
  assert.deepEqual(listing.ids, ["c"]);
  assert.equal(store.listingOf({ template_version: "1" }), listing);
  assert.notEqual(store.listingOf({ template_version: "2" }), listing);
  await store.listingOf({}).readMore(never);
  assert.deepEqual(asked, ["1", null]);
});

test("rows that new ones push over the end of their page stay, and are read again", async () => {
  const listing = await listed(...names(50, 2));
  const known = [...listing.ids];
  add(...names(30).map((name) => `${name}x`));
  for (let round = 0; round < 3; round += 1) await listing.reread(new Set(known.slice(0, 10)), never);
  assert.deepEqual(listing.ids, known);
  listing.showArrivals();
  assert.deepEqual(
    listing.ids,
    there.map(({ name }) => name),
  );
  there = there.filter(({ name }) => name !== known.at(-1));
  for (let round = 0; round < 3; round += 1) await listing.reread(new Set(known.slice(0, 10)), never);
  assert.deepEqual(
    listing.ids,
    there.map(({ name }) => name),
  );
});

test("whoever reads the numbers reads them for all", async () => {
  there = [account("a")];
  assert.deepEqual((await store.readNumbers(never)).accounts, numbers());
  assert.equal(store.numbers().total, 1);
});

test("while rows and numbers disagree, pages that nobody looks at are read", async () => {
  const listing = await listed(...names(120));
  await listing.readMore(never);
  there = there.filter(({ name }) => name !== "a0110");
  await soon();
  await store.readNumbers(never);
  for (let round = 0; round < 3; round += 1) await listing.catchUp(never);
  assert.equal(listing.ids.length, 119);
});

test("where the numbers are wrong, each page is read twice for them and no more", async () => {
  const listing = await listed(...names(120));
  await listing.readMore(never);
  const reads = [];
  globalThis.fetch = async (url) => {
    if (String(url).includes("/v1/accounts?")) reads.push(url);
    const wrong = { ...numbers(), total: there.length + 1 };
    return String(url).endsWith("/v1/organization") ? Response.json({ accounts: wrong }) : answer(url);
  };
  for (let round = 0; round < 30; round += 1) {
    await soon(2);
    await store.readNumbers(never);
    await listing.catchUp(never);
  }
  assert.equal(reads.length, 2 * listing.pages.length);
});

test("what failed of the reads for numbers that disagree is read once the API is back", async () => {
  const listing = await listed(...names(3));
  await listing.readMore(never);
  there = there.slice(1);
  await soon();
  await store.readNumbers(never);
  down = "refused";
  await assert.rejects(listing.catchUp(never));
  // Until the numbers are read again, nothing is asked for.
  for (let round = 0; round < 5; round += 1) await listing.catchUp(never);
  down = "";
  await listing.catchUp(never);
  assert.equal(listing.ids.length, 3);
  await soon();
  await store.readNumbers(never);
  await listing.catchUp(never);
  assert.equal(listing.ids.length, 2);
});

test("an account that is deleted right after it was added is shown as new by no list", () => {
  store.add(account("a"), Date.now());
  store.remove("a");
  assert.equal(store.takeAdded(), null);
});

test("the first account of an organization needs no press", async () => {
  const listing = await listed();
  add("a");
  await listing.reread(new Set(), never);
  assert.deepEqual(listing.ids, ["a"]);
});

test("what was read is live, late or offline", async () => {
  const now = Date.now();
  assert.equal(store.freshness(now), "live");
  assert.equal(store.freshness(now - 60_000), "late");
  navigator.onLine = false;
  assert.equal(store.freshness(now), "offline");
  navigator.onLine = true;
  down = "offline";
  await assert.rejects(store.read("a", never));
  assert.equal(store.freshness(now), "offline");
  down = "";
  there = [account("a")];
  await store.read("a", never);
  assert.equal(store.freshness(now), "live");
});

// Reads a part of the view, which is answered like this.
async function part(name, end, signal = never) {
  await store.reading(name, async () => end && Promise.reject(new Problem(end)), signal).catch(() => {});
  return store.freshness(Date.now());
}
const BUSY = { status: 503, title: "Busy" };
const GONE = { status: 404, title: "Gone" };
const CUT_OFF = { title: "Cut off", unreachable: true };

test("while one part fails the view is late, however well the others are read", async () => {
  assert.equal(await part("usage", BUSY), "late");
  for (let turn = 0; turn < 3; turn += 1) {
    assert.equal(await part("account"), "late");
    assert.equal(await part("usage", BUSY), "late");
  }
  assert.equal(await part("usage"), "live");
});

test("what is gone, or was left, fails no more", async () => {
  await part("usage", BUSY);
  assert.equal(await part("usage", GONE), "live");
  const view = new AbortController();
  assert.equal(await part("usage", BUSY, view.signal), "late");
  view.abort();
  assert.equal(store.freshness(Date.now()), "live");
  assert.equal(await part("usage", BUSY, view.signal), "live");
});

test("a view is offline while nothing is answered, and not for one part alone", async () => {
  assert.equal(await part("usage", CUT_OFF), "offline");
  assert.equal(await part("account", CUT_OFF), "offline");
  assert.equal(await part("account"), "late");
  assert.equal(await part("usage", CUT_OFF), "late");
  assert.equal(await part("account", CUT_OFF), "offline");
  await part("account");
  assert.equal(await part("usage"), "live");
});

test("an account that only the gateway does not find is not gone, and what is kept of it is old", async () => {
  const listing = await listed("a", "b");
  const well = globalThis.fetch;
  globalThis.fetch = async () => Response.json({ message: "Not Found" }, { status: 404 });
  await assert.rejects(store.read("a", never), { isMissing: false, title: "The service cannot be found" });
  assert.deepEqual(listing.ids, ["a", "b"]);
  assert.equal(store.freshness(Date.now()), "late");
  globalThis.fetch = well;
  await store.read("a", never);
  assert.equal(store.freshness(Date.now()), "live");
  there = [];
  await assert.rejects(store.read("a", never), { isMissing: true });
  assert.deepEqual(listing.ids, ["b"]);
});

test("a list is late until all pages in sight are read, and for rows until they are or are no more", async () => {
  const listing = await listed(...names(120));
  await listing.readMore(never);
  const [first, failing] = listing.pages;
  const well = globalThis.fetch;
  const isFailing = (url) => new URL(url).searchParams.get("cursor") === failing.cursor;
  globalThis.fetch = (url) => (isFailing(url) ? Promise.resolve(new Response("", { status: 501 })) : well(url));
  const shown = new Set([first.ids[0], failing.ids[0]]);
  await assert.rejects(listing.reread(shown, never), { status: 501 });
  assert.equal(store.freshness(Date.now()), "late");
  await store.readNumbers(never);
  assert.equal(store.freshness(Date.now()), "late");
  globalThis.fetch = well;
  await listing.reread(shown, never);
  assert.equal(store.freshness(Date.now()), "live");
  globalThis.fetch = async () => new Response("", { status: 501 });
  await assert.rejects(store.reread(["a0000"], never), { status: 501 });
  assert.equal(store.freshness(Date.now()), "late");
  await store.reread([], never);
  assert.equal(store.freshness(Date.now()), "live");
});

test("a view that lacks a part is not live, until the part is there or shown no more", () => {
  const now = Date.now();
  const view = new AbortController();
  const [shown, elsewhere] = [{ isConnected: true }, { isConnected: false }];
  store.lacks(elsewhere, view.signal);
  assert.equal(store.freshness(now), "live");
  store.lacks(shown, view.signal);
  assert.equal(store.freshness(now), "incomplete");
  store.has(shown);
  assert.equal(store.freshness(now), "live");
  store.lacks(shown, view.signal);
  view.abort();
  assert.equal(store.freshness(now), "live");
  // A read that was cut off by leaving.
  store.lacks(shown, view.signal);
  assert.equal(store.freshness(now), "live");
});

test("of what is no element, whoever reads it says whether it is shown", async () => {
  const view = new AbortController();
  const how = () => store.freshness(Date.now());
  let isShown = true;
  store.lacks("words", view.signal, () => isShown);
  assert.equal(how(), "incomplete");
  isShown = false;
  assert.equal(how(), "live");
  const fails = () => Promise.reject(new Problem(BUSY));
  await assert.rejects(store.reading("looks", fails, view.signal, () => isShown));
  assert.equal(how(), "live");
  isShown = true;
  store.has("words");
  assert.equal(how(), "late");
  view.abort();
  assert.equal(how(), "live");
});

test("the instances that one person has listed are not kept for the next", () => {
  const instances = { items: [], unavailable: [], at: 1 };
  store.keepInstances("a", instances);
  assert.equal(store.instancesOf("a"), instances);
  assert.equal(store.instancesOf("b"), null);
  store.forget();
  assert.equal(store.instancesOf("a"), null);
});

for (const how of ["reread", "catchUp"]) {
  test(`an account that fits its filter no longer is no row after ${how}, and counts and rows agree`, async () => {
    there = ["a", "b"].map((name) => account(name, { status: "failed" }));
    const listing = store.listingOf({ status: "failed" });
    await listing.readMore(never);
    there = [account("a", { status: "failed" }), account("b", { status: "confirmed" })];
    await store.readNumbers(never);
    if (how === "reread") await listing.reread(new Map([["b", 1]]), never);
    else {
      listing.pages[0].at = 0;
      await listing.catchUp(never);
    }
    assert.deepEqual(listing.ids, ["a"]);
    assert.equal(listing.total, 1);
    assert.equal(store.account("b").status, "confirmed");
  });
}

test("an account that a search finds no longer by its new name leaves it", async () => {
  there = ["alpha", "beta"].map((name) => account(name));
  const search = store.listingOf({ q: "al" });
  await search.readMore(never);
  there = [{ ...account("alpha"), name: "zeta", version: 2 }];
  await search.reread(new Map(), never);
  assert.deepEqual(search.ids, []);
});

test("a draft is its writer's: another person begins anew, and so does who has sent it", () => {
  store.draftOf("ann").values = { provider_id: "123456789012" };
  store.forget();
  assert.equal(store.draftOf("ann").values.provider_id, "123456789012");
  assert.deepEqual(store.draftOf("bob").values, {});
  assert.deepEqual(store.draftOf("ann").values, {});
  store.draftOf("ann").values = { name: "A" };
  store.sent();
  assert.deepEqual(store.draftOf("ann").values, {});
});

test("the late answer to a change leaves what was read since", async () => {
  there = [account("a", { version: 2, testing: true })];
  const asked = Date.now();
  await soon();
  await store.read("a", never);
  store.put(account("a", { version: 2, name: "older" }), asked);
  assert.equal(store.account("a").testing, true);
  await soon();
  store.put(account("a", { version: 2, testing: false }), Date.now());
  assert.equal(store.account("a").testing, false);
});

test("so does the late answer to the request that made an account, which tests have reached since", async () => {
  const asked = Date.now();
  await soon();
  there = [account("a", { status: "confirmed" })];
  await store.read("a", never);
  store.add(account("a", { status: "unconfirmed" }), asked);
  assert.equal(store.account("a").status, "confirmed");
});

test("the end of an earlier read makes no part late that was read since, and mends none that failed", async () => {
  for (const [first, second, expected] of [
    [BUSY, null, "live"],
    [null, BUSY, "late"],
  ]) {
    const held = Promise.withResolvers();
    const earlier = store.reading("usage", () => held.promise, never).catch(() => {});
    await soon();
    await part("usage", second);
    if (first) held.reject(new Problem(first));
    else held.resolve(null);
    await earlier;
    assert.equal(store.freshness(Date.now()), expected);
    await soon();
  }
});

for (const [how, problem] of [
  ["by a mistake of the page", new TypeError("items is undefined")],
  ["because the service refuses it now", new Problem({ status: 403, title: "Forbidden" })],
])
  test(`a part that cannot be read ${how} is late`, async () => {
    await assert.rejects(store.reading("usage", () => Promise.reject(problem), never));
    assert.equal(store.freshness(Date.now()), "late");
  });

test("what this page adds and deletes counts at once, whatever was asked for before", async () => {
  const listing = await listed("a", "b");
  await store.readNumbers(never);
  await soon();
  const release = heldAnswer();
  const reading = store.readNumbers(never);
  await soon();
  store.remove("a", Date.now());
  assert.deepEqual([store.numbers().total, store.numbers().by_status.confirmed, listing.ids], [1, 1, ["b"]]);
  await soon();
  store.add(account("c", { status: "unconfirmed" }), Date.now());
  assert.deepEqual([store.numbers().total, store.numbers().by_status.unconfirmed], [2, 1]);
  release();
  await reading;
  assert.deepEqual([store.numbers().total, listing.ids], [2, ["b", "c"]]);
});

test("numbers that were asked for since know of it, or will", async () => {
  await listed("a", "b");
  const asked = Date.now();
  await soon();
  there = there.slice(1);
  await store.readNumbers(never);
  store.remove("a", asked);
  assert.equal(store.numbers().total, 1);
  store.add(account("b"), asked);
  assert.equal(store.numbers().total, 1);
});

test("an account whose status is another now counts as that, but once", async () => {
  there = [account("a", { status: "unconfirmed" }), account("b", { status: "unconfirmed" })];
  await store.readNumbers(never);
  await soon();
  await store.listingOf({}).readMore(never);
  await soon();
  store.put(account("a"), Date.now());
  assert.deepEqual(store.numbers().by_status, { unconfirmed: 1, confirmed: 1 });
  assert.equal(store.numbers().total, 2);
  store.remove("a", Date.now());
  assert.deepEqual(store.numbers().by_status, { unconfirmed: 1, confirmed: 0 });

  await soon();
  there = [account("b")];
  await store.readNumbers(never);
  store.put(there[0], Date.now());
  assert.deepEqual(store.numbers().by_status, { confirmed: 1 }, "numbers that were asked for since know of it");
  store.put(account("c", { status: "failed" }), Date.now());
  store.remove("c", Date.now());
  assert.deepEqual(store.numbers().by_status, { confirmed: 1, failed: 0 }, "none of them is below zero");
});

test("what was read before an account was another one is of before a change", (context) => {
  let now = Date.now() + 3_600_000;
  context.mock.timers.enable({ apis: ["Date"], now });
  const noted = (changes) => {
    const before = now + 1;
    context.mock.timers.setTime((now += 1_000));
    store.put(account("a", changes), now);
    return changedSince(before);
  };
  noted({});
  assert.ok(!noted({}));
  assert.ok(noted({ testing: true }));
  assert.ok(!noted({ testing: true }));
  assert.ok(noted({ testing: false }), "a test has ended");
  assert.ok(noted({ testing: false, status: "failed" }));
  assert.ok(noted({ testing: false, status: "failed", version: 2 }));
});

test("a renamed account has its place in the API's order, by whatever answer its name is known", async () => {
  const listing = await listed("a", "b", "c", "d");
  const renamed = (id, name, version) => account(id, { name, version });
  store.put(renamed("a", "cc", 2), Date.now());
  assert.deepEqual(listing.ids, ["b", "c", "a", "d"]);
  there = [renamed("d", "aa", 2), account("b"), account("c"), renamed("a", "cc", 2)];
  await listing.reread(new Set(["b"]), never);
  assert.deepEqual(listing.ids, ["d", "b", "c", "a"]);
  store.put(renamed("a", "zz", 3), Date.now());
  assert.deepEqual(listing.ids, ["d", "b", "c", "a"]);
});

test("one whose new place is not read yet is shown when it is", async () => {
  const all = names(120);
  const listing = await listed(...all);
  const moved = account(all[3], { name: "b", version: 2 });
  there = [...there.filter(({ name }) => name !== all[3]), moved];
  store.put(moved, Date.now());
  assert.equal(listing.ids.includes(all[3]), false);
  await listing.readMore(never);
  assert.deepEqual(
    listing.ids,
    there.map(({ account_id: id }) => id),
  );
});

test("a search for digits keeps the accounts that it finds by number where these put them", async () => {
  there = [
    account("a", { name: "12x", provider_id: "999999999999" }),
    account("b", { name: "zulu", provider_id: "120000000000" }),
    account("c", { name: "alpha", provider_id: "121111111111" }),
  ];
  globalThis.fetch = async () => Response.json({ items: there, next_cursor: null });
  const listing = store.listingOf({ q: "12" });
  await listing.readMore(never);
  store.put({ ...there[1], name: "bravo", version: 2 }, Date.now());
  assert.deepEqual(listing.ids, ["a", "b", "c"]);
  store.put({ ...there[2], name: "12a", version: 2 }, Date.now());
  assert.deepEqual(listing.ids, ["c", "a", "b"]);
});

test("a search finds what a word of a name begins with, and puts names that begin so first", async () => {
  there = ["HouseOne", "AHouse", "Team7House", "Warehouse"].map((name) => account(name));
  const listing = store.listingOf({ q: "house" });
  assert.deepEqual(
    there.map((each) => listing.fits(each)),
    [true, true, true, false],
  );
  for (const [q, name, fits] of [
    ["7", "Team7House", true],
    ["7house", "Team7House", true],
    ["2", "Production12", false],
    ["12", "Production12", true],
    ["3456", "Production12", false],
  ])
    assert.equal(store.listingOf({ q }).fits(account(name)), fits, `${q} in ${name}`);
  const found = store.listingOf({ q: "house" });
  globalThis.fetch = async () => Response.json({ items: [there[0], there[1]], next_cursor: null });
  await found.readMore(never);
  store.add(account("House"), Date.now());
  assert.deepEqual(found.ids, ["HouseOne", "AHouse"], "what is added is offered where a filter is set");
  store.put({ ...there[1], name: "House", version: 2 }, Date.now());
  assert.deepEqual(found.ids, ["AHouse", "HouseOne"]);
});

const FLEET = [
  account("alpha", { provider_id: "300000000000", status: "confirmed" }),
  account("Bravo", { provider_id: "100000000000", status: "failed", access_type: "access_key" }),
  account("charlie", { provider_id: "200000000000", status: "degraded", issues: [{ severity: "problem" }] }),
  account("Delta", { provider_id: "400000000000", status: "unconfirmed", issues: [{ severity: "information" }] }),
];

for (const [sort, ids] of [
  ["", ["alpha", "Bravo", "charlie", "Delta"]],
  ["name", ["alpha", "Bravo", "charlie", "Delta"]],
  ["-name", ["Delta", "charlie", "Bravo", "alpha"]],
  ["status", ["Bravo", "charlie", "Delta", "alpha"]],
  ["-status", ["alpha", "Delta", "charlie", "Bravo"]],
  ["provider_id", ["Bravo", "charlie", "alpha", "Delta"]],
  ["-provider_id", ["Delta", "alpha", "charlie", "Bravo"]],
])
  test(`what changes its place finds it in the order ${sort}`, async () => {
    const listing = store.listingOf({ sort });
    const asked = [];
    globalThis.fetch = async (address) => {
      asked.push(new URL(address).searchParams.get("sort"));
      return Response.json({ items: FLEET.slice(1), next_cursor: null });
    };
    await listing.readMore(never);
    assert.deepEqual(asked, [sort || null]);
    // Each leaves its row and comes back to it, so that all places follow from the order.
    for (const each of [...FLEET, ...FLEET]) {
      store.remove(each.account_id);
      store.add({ ...each, version: each.version + 1 }, Date.now() + 1);
    }
    assert.deepEqual(listing.ids, ids);
  });

test("accounts that turn together move among ten thousand rows, whose order is made once", async () => {
  const ids = names(10_000);
  there = ids.map((name) => account(name, { status: "failed" }));
  const listing = store.listingOf({ sort: "status" });
  while (!listing.ended) await listing.readMore(never);
  const turned = new Set(ids.slice(150, 250));
  there = there.map((each) => (turned.has(each.name) ? account(each.name, { version: 2 }) : each));
  const { toLowerCase } = String.prototype;
  let made = 0;
  String.prototype.toLowerCase = function () {
    made += 1;
    return toLowerCase.call(this);
  };
  await listing.reread(new Set([ids[200]]), never).finally(() => (String.prototype.toLowerCase = toLowerCase));
  assert.deepEqual(listing.ids, [...ids.filter((id) => !turned.has(id)), ...turned]);
  assert.ok(made < 15_000, `${made} times`);
});

test("accounts that turn together are in order among themselves, and each on one page", async () => {
  there = names(6).map((name) => account(name, { status: "failed" }));
  const listing = store.listingOf({ sort: "-status" });
  await listing.readMore(never);
  const [first, second, ...rest] = names(6);
  there = there.map((each) => (each.name <= second ? account(each.name, { version: 2 }) : each));
  await listing.reread(new Set([first]), never);
  assert.deepEqual(listing.ids.slice(0, 2), [second, first]);
  assert.deepEqual(listing.ids.slice(2).sort(), rest);
  assert.deepEqual(listing.pages.flatMap(({ ids }) => ids).sort(), names(6));
});

test("filters hold together, and what they leave open fits", () => {
  const fitting = (selection) => FLEET.filter((each) => store.listingOf(selection).fits(each)).map(({ name }) => name);
  assert.deepEqual(fitting({}), ["alpha", "Bravo", "charlie", "Delta"]);
  assert.deepEqual(fitting({ access_type: "access_key" }), ["Bravo"]);
  assert.deepEqual(fitting({ has_problems: "true" }), ["charlie"]);
  assert.deepEqual(fitting({ has_problems: "false" }), ["alpha", "Bravo", "Delta"]);
  assert.deepEqual(fitting({ has_problems: "false", status: "failed" }), ["Bravo"]);
  assert.deepEqual(fitting({ has_problems: "true", status: "failed" }), []);
  const refused = [{ code: "log_writing_refused", severity: "problem" }];
  for (const write_logs of [true, false])
    assert.equal(
      store.listingOf({ has_problems: "true" }).fits(account("e", { issues: refused, write_logs })),
      write_logs,
    );
});

test("how many fit is known of a status or a version alone, whatever the order", async () => {
  there = [account("a"), account("b", { status: "failed" })];
  await store.readNumbers(never);
  assert.equal(store.listingOf({ sort: "-status" }).total, 2);
  assert.equal(store.listingOf({ sort: "name", status: "failed" }).total, 1);
  for (const others of [{ access_type: "access_key" }, { has_problems: "true" }, { q: "a" }])
    assert.equal(store.listingOf(others).total, undefined);
  assert.equal(store.listingOf({ sort: "name" }).isFiltered, false);
  assert.equal(store.listingOf({ has_problems: "false" }).isFiltered, true);
});

test("a search takes an account number as the AWS console shows it", async () => {
  const one = account("a");
  const listing = store.listingOf({ q: "1234-5678-9012" });
  assert.ok(listing.fits(one));
  assert.equal(store.listingOf({ q: " 1234 5678 9012" }), listing);
  const asked = [];
  globalThis.fetch = async (address) => {
    asked.push(new URL(address).searchParams.get("q"));
    return Response.json({ items: [one], next_cursor: null });
  };
  await listing.readMore(never);
  assert.deepEqual([asked, listing.ids], [["123456789012"], ["a"]]);
});

test("a row that turns out of its filter is no row at once, also where an older page names it", async () => {
  there = ["a", "b"].map((name) => account(name, { status: "failed" }));
  const listing = store.listingOf({ status: "failed" });
  await listing.readMore(never);
  const release = heldAnswer();
  const reading = listing.reread(new Set(["a"]), never);
  await soon();
  store.put(account("b", { version: 2 }), Date.now());
  assert.deepEqual(listing.ids, ["a"]);
  globalThis.fetch = async (url) => answer(url);
  release();
  await reading;
  assert.deepEqual([listing.ids, listing.arrivals], [["a"], []]);
});

// The API finds accounts by status in an index, which lags behind what it says of each.
function lagging(...indexed) {
  globalThis.fetch = async (url) => {
    const isList = new URL(url).pathname === "/v1/accounts";
    const items = indexed.map((name) => there.find((each) => each.name === name));
    return isList ? Response.json({ items, next_cursor: null }) : answer(url);
  };
}

test("no list shows what fits it no longer, whatever the API's index still says", async () => {
  const turn = (status) => (there[1] = account("b", { status, version: there[1].version + 1 }));
  there = ["a", "b"].map((name) => account(name, { status: "failed" }));
  turn("confirmed");
  lagging("a", "b");
  const listing = store.listingOf({ status: "failed" });
  await listing.readMore(never);
  assert.deepEqual(listing.ids, ["a"]);
  turn("failed");
  await listing.reread(new Set(["a"]), never);
  assert.deepEqual(listing.arrivals, ["b"]);
  turn("confirmed");
  await store.read("b", never);
  assert.deepEqual(listing.arrivals, []);
  turn("failed");
  await store.read("b", never);
  await listing.reread(new Set(["a"]), never);
  listing.showArrivals();
  assert.deepEqual(listing.ids, ["a", "b"]);
  turn("confirmed");
  await listing.reread(new Set(["a", "b"]), never);
  assert.deepEqual(listing.ids, ["a"]);
});

test("many that others delete are no rows any more after one look", async () => {
  const all = names(50);
  const listing = await listed(...all);
  there = there.slice(0, 10);
  await listing.reread(new Set(all.slice(0, 25)), never);
  assert.deepEqual(listing.ids, all.slice(0, 10));
});

for (const [what, selection] of /** @type {[string, any][]} */ ([
  ["of a version", { template_version: "1" }],
  ["that a search finds with a status", { q: "a", status: "failed" }],
]))
  test(`many rows ${what} that all turn are no rows any more after one look`, async () => {
    const turned = (status, version) =>
      there.map((each) => ({ ...each, status, template: { version }, version: each.version + 1 }));
    there = names(90).map((name) => account(name));
    there = turned("failed", 1);
    const listing = store.listingOf(selection);
    while (!listing.ended) await listing.readMore(never);
    assert.equal(listing.ids.length, 90);
    there = turned("confirmed", 2);
    let asked = 0;
    globalThis.fetch = async (url) => answer(url, (asked += 1));
    await listing.reread(new Set(listing.ids), never);
    assert.deepEqual(listing.ids, []);
    assert.ok(asked <= 8, `${asked} requests`);
  });

/** Others delete many of the first page, and give one of it a name that the next one has. Returns its id. */
function cleanedUp() {
  const renamed = there[20].account_id;
  there = there.filter(({ account_id: id }, index) => index > 6 && id !== renamed);
  add("a0100x");
  Object.assign(
    there.find(({ name }) => name === "a0100x"),
    { account_id: renamed, version: 2 },
  );
  return renamed;
}

test("one that was renamed is a row still where many others were deleted", async () => {
  const listing = await listed(...names(150));
  while (!listing.ended) await listing.readMore(never);
  const renamed = cleanedUp();
  await listing.reread(new Set(listing.ids.slice(40, 60)), never);
  assert.ok(listing.ids.includes(renamed));
  assert.deepEqual([listing.ids.length, listing.arrivals], [143, []]);
});

test("so is one that the next page has only while those which left are read", async () => {
  const listing = await listed(...names(150));
  const renamed = cleanedUp();
  const held = Promise.withResolvers();
  globalThis.fetch = async (url) => {
    if (new URL(url).pathname.startsWith("/v1/accounts/")) await held.promise;
    return answer(url);
  };
  const rereading = listing.reread(new Set(listing.ids), never);
  await soon();
  while (!listing.ended) await listing.readMore(never);
  held.resolve();
  await rereading;
  assert.ok(listing.ids.includes(renamed));
  assert.deepEqual([listing.ids.length, listing.arrivals], [143, []]);
});

test("a list that was left is read no further, whatever is gone meanwhile", async () => {
  const before = await listed(...names(150));
  while (!before.ended) await before.readMore(never);
  const release = heldAnswer();
  const rereading = before.reread(new Set(before.ids), never);
  await soon();
  store.listingOf({ q: "b" });
  store.remove("a0010");
  let asked = 0;
  release();
  globalThis.fetch = async (url) => answer(url, (asked += 1));
  await rereading;
  assert.equal(asked, 0);
});

test("what is not found on its page is a row as long as it may be there", async () => {
  const all = names(20);
  const listing = await listed(...all);
  lagging();
  await listing.reread(new Set(all), never);
  assert.deepEqual(listing.ids, all);
  await listing.catchUp(never);
  assert.deepEqual(listing.ids, all);
});

test("an account that is gone fails no more", async () => {
  const listing = await listed("a");
  down = "refused";
  await assert.rejects(store.read("a", never));
  assert.equal(store.freshness(Date.now()), "late");
  down = "";
  there = [];
  await listing.reread(new Set(["a"]), never);
  assert.deepEqual(listing.ids, []);
  assert.equal(store.freshness(Date.now()), "live");
});

test("however many accounts others add, the list takes no more requests than it has pages", async () => {
  const listing = await listed(...names(150, 2));
  while (!listing.ended) await listing.readMore(never);
  const before = listing.pages.length;
  const shown = new Set(listing.ids.slice(45, 75));
  const known = [...listing.ids];
  let asked = 0;
  const { fetch } = globalThis;
  globalThis.fetch = (url) => {
    asked += 1;
    return fetch(url);
  };
  for (let round = 0; round < 40; round += 1) {
    add(`Z${round}`);
    asked = 0;
    await listing.reread(shown, never);
    assert.ok(asked <= before + 2, `${asked} requests after ${round} more accounts`);
  }
  assert.ok(listing.pages.length <= before + 2, `${listing.pages.length} pages`);
  assert.deepEqual(listing.ids, known);
  listing.showArrivals();
  for (let round = 0; round < 4; round += 1) await listing.reread(shown, never);
  listing.showArrivals();
  assert.deepEqual(
    [...listing.ids].sort(),
    there.map(({ name }) => name),
  );
  assert.deepEqual(notAnswered(listing), []);
});

// Rows that no page's answer has: what is added beside them would never be seen.
function notAnswered({ pages, ids }) {
  const of = ({ cursor, limit }) => there.filter(({ name }) => name > (cursor ?? "")).slice(0, limit);
  const answered = new Set(pages.flatMap(of).map(({ account_id: id }) => id));
  return ids.filter((id) => !answered.has(id));
}

// The page with a clock of its own: what happens in half a minute, with these rows in sight.
function page(context) {
  let now = 1e12;
  context.mock.method(Date, "now", () => now);
  const oldest = (rows) => Math.max(...rows.map((id) => now - store.readAt(id)));
  return {
    passes: (milliseconds) => (now += milliseconds),
    addHere(name) {
      add(name);
      store.add(account(name), now);
    },
    async refresh(listing, from, count = 20) {
      now += 30_000;
      await store.readNumbers(never);
      await listing.reread(new Set(listing.ids.slice(from, from + count)), never);
      for (let read = 0; read < 10; read += 1) {
        now += 1_000;
        await listing.catchUp(never);
      }
      return oldest(listing.ids.slice(from, from + count));
    },
  };
}

async function allListed(...all) {
  const listing = await listed(...all);
  while (!listing.ended) await listing.readMore(never);
  return listing;
}

test("an account that others add between rows that this page has pushed over the end of a page is found", async (t) => {
  const { addHere, refresh, passes } = page(t);
  const listing = await allListed(...names(150, 2));
  await store.readNumbers(never);
  passes(1_000);
  addHere("a-mine");
  for (let round = 0; round < 3; round += 1) await refresh(listing, 40);
  add(`${listing.ids[49]}x`);
  await refresh(listing, 40);
  assert.deepEqual(listing.arrivals, [`${listing.ids[49]}x`]);
});

test("rows in sight stay up to date however many this page adds before them", async (t) => {
  const { addHere, refresh, passes } = page(t);
  const listing = await allListed(...names(150));
  await store.readNumbers(never);
  for (let more = 0; more < 12; more += 1) {
    passes(1_000);
    addHere(`a-mine${String(more).padStart(2, "0")}`);
  }
  for (let round = 0; round < 4; round += 1) assert.ok((await refresh(listing, 45)) <= 10_000);
});

test("a page that fails leaves the others in sight to be read", async (t) => {
  const { refresh } = page(t);
  const listing = await allListed(...names(120));
  const well = globalThis.fetch;
  const second = listing.pages[1];
  globalThis.fetch = async (url) =>
    String(url).includes("/v1/accounts?") && !new URL(url).searchParams.get("cursor")
      ? new Response("", { status: 501 })
      : well(url);
  await assert.rejects(refresh(listing, 45), { status: 501 });
  assert.equal(second.at, Date.now());
});

const isPage = (url, cursor) => {
  const { pathname, searchParams } = new URL(url);
  return pathname === "/v1/accounts" && searchParams.get("cursor") === cursor;
};

test("a page out of sight that hangs keeps no row in sight from being read", async (context) => {
  const listing = await allListed(...names(120));
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, wait === 5_000 ? 0 : wait));
  const held = Promise.withResolvers();
  globalThis.fetch = async (url) => {
    if (isPage(url, null)) await held.promise;
    return answer(url);
  };
  there = there.filter((_, index) => index !== 3 && index !== 70);
  await listing.reread(new Set(listing.ids.slice(60)), never);
  assert.ok(!listing.ids.includes("a0070"));
  assert.ok(listing.ids.includes("a0003"));
  held.resolve();
  await soon();
  await listing.reread(new Set(listing.ids.slice(60)), never);
  assert.equal(listing.ids.length, 118);
});

test("what left its page and is on it again stays, though that was decided late", async (context) => {
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, wait === 5_000 ? 0 : wait));
  there = names(20).map((name) => account(name, { status: "failed" }));
  const turn = (from, to, status) =>
    (there = there.map((each, index) =>
      index >= from && index < to ? { ...each, status, version: each.version + 1 } : each,
    ));
  const listing = store.listingOf({ status: "failed" });
  await listing.readMore(never);
  const held = Promise.withResolvers();
  globalThis.fetch = async (url) => {
    if (new URL(url).pathname.startsWith("/v1/accounts/")) await held.promise;
    return answer(url);
  };
  turn(0, 10, "confirmed");
  await listing.reread(new Set(listing.ids), never);
  turn(6, 10, "failed");
  await soon();
  await listing.reread(new Set(listing.ids), never);
  held.resolve();
  await soon(20);
  const failed = there.filter(({ status }) => status === "failed").map(({ name }) => name);
  assert.deepEqual([listing.ids, listing.arrivals], [failed, []]);
});

test("where rows and numbers disagree, a page that hangs is not waited for, nor asked for again", async (context) => {
  const listing = await allListed(...names(120));
  await store.readNumbers(never);
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, wait === 5_000 ? 0 : wait));
  there = there.filter((_, index) => index !== 3);
  await soon();
  await store.readNumbers(never);
  const held = Promise.withResolvers();
  let asked = 0;
  globalThis.fetch = async (url) => {
    asked += 1;
    await held.promise;
    return answer(url);
  };
  for (let round = 0; round < 3; round += 1) await listing.catchUp(never);
  assert.equal(asked, 1);
  held.resolve();
  await soon(20);
  for (let round = 0; round < 3; round += 1) await listing.catchUp(never);
  assert.equal(listing.ids.length, 119);
});

test("once the API asks to wait, no further page is asked for", async () => {
  const listing = await allListed(...names(250));
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(new URL(url).searchParams.get("cursor"));
    return Response.json({ title: "Too many" }, { status: 429, headers: { "retry-after": "60" } });
  };
  await assert.rejects(listing.reread(new Set(listing.ids), never), { retryAfter: 60_000 });
  assert.deepEqual(asked, [null]);
});

// Numbers that look random and are the same each time.
function dice(seed) {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

for (const seed of [7, 1234, 98765, 424242])
  test(`whatever this page and others add and delete, refreshes end with the API's rows (${seed})`, async (t) => {
    const { addHere, refresh, passes } = page(t);
    const roll = dice(seed);
    const listing = await allListed(...names(230, 10));
    await store.readNumbers(never);
    const somewhere = () => `a${String(roll(2_300)).padStart(4, "0")}`;
    for (let round = 0; round < 40; round += 1) {
      for (let act = roll(5); act > 0; act -= 1) {
        passes(1_000);
        const which = roll(4);
        const { name } = there[roll(there.length)];
        if (which === 0) addHere(`${somewhere()}mine${round}${act}`);
        else if (which === 1) there = there.filter((each) => each.name !== name);
        else if (which === 2) {
          there = there.filter((each) => each.name !== name);
          store.remove(name, Date.now());
        } else add(`${somewhere()}x${round}${act}`);
      }
      await refresh(listing, roll(listing.ids.length));
      if (roll(3) === 0) listing.showArrivals();
    }
    const rounds = listing.pages.length + 2;
    for (let round = 0; round < rounds; round += 1) {
      await refresh(listing, 0);
      listing.showArrivals();
    }
    const expected = there.map(({ name }) => name);
    assert.deepEqual([listing.ids, listing.arrivals], [expected, []]);
    assert.equal(listing.total, listing.ids.length);
    assert.deepEqual(notAnswered(listing), []);
    assert.ok(listing.pages.length <= Math.ceil(there.length / 100) + 2, `${listing.pages.length} pages`);
    for (let from = 0; from < listing.ids.length; from += 20) assert.ok((await refresh(listing, from)) <= 10_000);
    assert.equal(store.freshness(store.oldest(listing.ids.slice(-20).map(store.readAt))), "live");
  });

test("of many rows under test each has its turn, a few at a time", async () => {
  const all = names(15);
  await listed(...all);
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(new URL(url).pathname.split("/").at(-1));
    return answer(url);
  };
  for (let turn = 0; turn < 3; turn += 1) await store.reread(all, never);
  assert.deepEqual([...new Set(asked)].sort(), all);
  assert.equal(asked.length, 18, "six at a time");
});

// What is waited for ends.
const BRIEFLY = { timeout: 20_000 };

/** Rows that hang from now on, and what is asked of all. What hangs is given up at once. */
function hanging(context, ...ids) {
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, wait === 5_000 ? 0 : wait));
  const asked = [];
  const held = Promise.withResolvers();
  globalThis.fetch = async (url) => {
    const id = new URL(url).pathname.split("/v1/accounts/")[1];
    if (id) asked.push(id);
    if (ids.includes(id)) await held.promise;
    return answer(url);
  };
  return { asked, release: held.resolve };
}

test("rows under test that hang keep no others from their turns, nor do they end them", BRIEFLY, async (context) => {
  const all = names(15);
  await listed(...all);
  const hung = [all[0], all[7]];
  const { asked, release } = hanging(context, ...hung);
  for (let turn = 0; turn < 6; turn += 1) await store.reread(all, never);
  const timesOf = (id) => asked.filter((each) => each === id).length;
  for (const id of all) assert.ok(hung.includes(id) ? timesOf(id) === 1 : timesOf(id) >= 2, id);
  release();
  await soon();
  await store.reread(hung, never);
  assert.deepEqual(asked.slice(-2).sort(), hung);
});

test("rows have their turns evenly, also if one whose turn it was is under test no more", async () => {
  const all = names(20);
  await listed(...all);
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(new URL(url).pathname.split("/").at(-1));
    return answer(url);
  };
  await store.reread(all, never);
  // The last of them has ended.
  const left = all.filter((id) => id !== asked.at(-1));
  await store.reread(left, never);
  await store.reread(left, never);
  assert.equal(new Set(asked).size, 18);
});

test("a network that hangs is not there, though rows are not waited for", BRIEFLY, async (context) => {
  const all = names(3);
  await listed(...all);
  const { release } = hanging(context, ...all);
  await assert.rejects(store.reading("numbers", () => Promise.reject(unreachable()), never));
  await store.reread(all, never);
  assert.equal(store.freshness(Date.now()), "offline");
  release();
  await soon();
  assert.equal(store.freshness(Date.now()), "late");
});

const unreachable = () => new Problem({ title: "No", unreachable: true });

test("a row that hangs where it left its page holds up no other read of the list", BRIEFLY, async (context) => {
  const listing = await listed(...names(10));
  there = there.slice(1);
  const { asked, release } = hanging(context, "a0000");
  await listing.reread(new Set(["a0003"]), never);
  assert.deepEqual(asked, ["a0000"]);
  assert.equal(listing.ids.length, 10);
  release();
  await soon();
  assert.equal(listing.ids.length, 9);
});

const ofVersion = (name, version, more) => account(name, { template: { version }, ...more });

test("an account whose role has another version counts as that at once, and a version has its total", async () => {
  there = [ofVersion("a", 1), ofVersion("b", 1), account("c")];
  globalThis.fetch = async (url) => {
    if (!url.pathname.endsWith("/organization")) return answer(url);
    const count = (version) => ({
      version,
      accounts: there.filter(({ template }) => template?.version === version).length,
    });
    return Response.json({ accounts: { ...numbers(), by_template_version: [count(2), count(1)] } });
  };
  await store.readNumbers(never);
  await soon();
  const listing = store.listingOf({ template_version: "1" });
  const inUse = () => store.numbers().by_template_version.map(({ accounts }) => accounts);
  await listing.readMore(never);
  assert.deepEqual([inUse(), listing.total, listing.ids], [[0, 2], 2, ["a", "b"]]);
  await soon();
  store.put(ofVersion("a", 2, { version: 2 }), Date.now());
  assert.deepEqual([inUse(), listing.total, listing.ids], [[1, 1], 1, ["b"]]);
  assert.deepEqual([store.numbers().total, store.numbers().by_status.confirmed], [3, 3]);
  store.remove("b", Date.now());
  assert.deepEqual([inUse(), listing.total], [[1, 0], 0]);
});

test("the total of a version that the API does not name is not known, nor is that of a status of one", async () => {
  await listed("a");
  await store.readNumbers(never);
  assert.equal(store.listingOf({ template_version: "7" }).total, undefined);
  store.numbers().by_template_version = [{ version: 1, accounts: 3, outdated: false }];
  assert.equal(store.listingOf({ template_version: "7" }).total, undefined);
  assert.equal(store.listingOf({ status: "failed", template_version: "1" }).total, undefined);
  assert.equal(store.listingOf({ q: "a", template_version: "1" }).total, undefined);
  assert.equal(store.listingOf({ template_version: "1" }).total, 3);
});
