// The list of accounts loads to its end, whatever becomes of single answers, and whatever else is read or changes
// meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { account, opened, scrollBy, store, view } from "./listed.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const { readNow } = await import(`${page}/lib/dom.js`);

const named = (index) => `a${String(index).padStart(4, "0")}`;
const accounts = (count, from = 0) => Array.from({ length: count }, (_, index) => account(named(from + index)));

/**
 * An API with these accounts, which may change. What it is asked waits in `asked`, until it is answered as it is now or
 * was then, refused, or lost.
 */
function apiOf(items) {
  const there = new Map(items.map((each) => [each.account_id, each]));
  const asked = [];
  const bodyOf = (address) => {
    const { pathname, searchParams: query } = new URL(address);
    const [isNumbers, id] = [pathname.endsWith("/organization"), pathname.split("/accounts/")[1]];
    if (isNumbers) return { accounts: { total: there.size, by_status: { failed: there.size } } };
    if (id) return there.get(id);
    const rest = [...there.keys()].sort().filter((each) => each > (query.get("cursor") ?? ""));
    const ids = rest.slice(0, Number(query.get("limit")));
    return { items: ids.map((each) => there.get(each)), next_cursor: rest.length > ids.length ? ids.at(-1) : null };
  };
  const answerOf = (body) => Response.json(body ?? { title: "Gone" }, { status: body ? 200 : 404 });
  globalThis.fetch = (address, { signal }) =>
    new Promise((resolve, reject) => {
      const early = bodyOf(address);
      const leave = () => asked.includes(one) && asked.splice(asked.indexOf(one), 1);
      const ending = (how) => () => leave() && how();
      const one = {
        answer: ending(() => resolve(answerOf(bodyOf(address)))),
        answerLate: ending(() => resolve(answerOf(early))),
        refuse: ending(() => resolve(Response.json({ title: "No" }, { status: 503 }))),
        lose: ending(() => reject(new TypeError("No network"))),
      };
      asked.push(one);
      signal.addEventListener("abort", () => leave() && reject(signal.reason), { once: true });
    });
  return { there, asked };
}

// The same numbers for the same seed (mulberry32).
function randomOf(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** No wait of the page takes longer than this moment. */
function hurry(context) {
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => really(work, wait < 1_000 ? 1 : 10));
}

for (const how of ["lose", "refuse", "never"])
  test(`a next page whose answers are lost, refused or never come is loaded all the same (${how})`, async (context) => {
    hurry(context);
    const limits = [];
    context.mock.method(AbortSignal, "timeout", () => limits[limits.push(new AbortController()) - 1].signal);
    const { asked } = apiOf(accounts(420));
    const main = await opened();
    const answer = () => asked.toReversed().forEach((one) => one.answer());
    const listing = store.listingOf({});
    await until(() => answer() || listing.started);
    await until(() => {
      scrollBy(50 * listing.ids.length);
      if (how === "never") limits.splice(0).forEach((each) => each.abort(new DOMException("", "TimeoutError")));
      else asked.toReversed().forEach((one) => one[how]());
      return main.querySelector("[role=alert]");
    });
    // On a slow machine, the wait that follows a failure may not be over at the first of them.
    await until(() => readNow() || answer() || listing.ids.length > 150);
    view.abort();
    assert.equal(main.querySelector("[role=alert]"), null);
  });

// SEEDS=400 tries more.
for (let seed = 1; seed <= Number(process.env.SEEDS ?? 10); seed += 1)
  test(`no race leaves a page out, or ends the loading for good (${seed})`, async (context) => {
    hurry(context);
    const random = randomOf(seed);
    const { there, asked } = apiOf(accounts(420, 1000));
    await opened();
    const listing = store.listingOf({});
    const scroll = () => scrollBy(50 * listing.ids.length);
    // Some are added, before all others or among them, and some are deleted.
    const add = () => accounts(random(120), random(2000)).forEach((each) => there.set(each.account_id, each));
    const remove = () => [...there.keys()].splice(random(400), random(120)).forEach((id) => there.delete(id));
    for (let step = 0; step < 60; step += 1) {
      const one = asked[random(asked.length)];
      const acts = [scroll, readNow, add, remove, one?.lose, one?.refuse, one?.answerLate, one?.answer, one?.answer];
      acts[random(acts.length)]?.();
      await soon(random(4));
    }
    const missing = () => [...there.keys()].filter((id) => !listing.ids.includes(id) && !listing.arrivals.includes(id));
    const extra = () => listing.ids.filter((id) => !there.has(id));
    for (let turn = 0; turn < 300 && !(listing.ended && !missing().length && !extra().length); turn += 1) {
      for (const { answer } of [...asked]) answer();
      if (turn % 10) scroll();
      else readNow();
      await soon(3);
    }
    view.abort();
    assert.deepEqual([listing.ended, missing(), extra()], [true, [], []]);
  });
