// What a part shows when its reads are held, fail, or end in another order than they were begun.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { button, element, press } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const { keptTrue, load, pagedList } = await import(`${page}/lib/watched.js`);
const { readNow, render, whileLookedAt } = await import(`${page}/lib/dom.js`);
const { Problem } = await import(`${page}/lib/problem.js`);
const store = await import(`${page}/lib/store.js`);
const { t } = await import(`${page}/texts.js`);

const busy = () => new Problem({ status: 503, title: "Busy" });
let view, target, asked;

beforeEach(() => {
  view?.abort();
  view = new AbortController();
  target = element();
  asked = [];
});

const request = () => {
  const held = Promise.withResolvers();
  asked.push(held);
  return held.promise;
};
const node = element();
const draw = (value) => {
  node.replaceChildren(value);
  return node;
};
const placeholder = () => "waiting";
const kept = () => keptTrue(target, request, draw, { signal: view.signal, placeholder });

test("an earlier read that is held does not cover what a later one shows, nor does its failure", async () => {
  const part = kept();
  const again = part.again();
  asked[1].resolve("new");
  await again;
  await soon(200);
  assert.equal(target.textContent, "new");
  asked[0].reject(busy());
  await soon();
  assert.equal(target.textContent, "new");
  assert.equal(target.getAttribute("aria-busy"), null);
});

test("the problem of a load is for the one that was begun last", async () => {
  const part = kept();
  const reload = part.reload();
  asked[0].reject(busy());
  await soon();
  assert.ok(["", placeholder()].includes(target.textContent));
  assert.equal(target.getAttribute("aria-busy"), "true");
  asked[1].reject(busy());
  await reload;
  assert.ok(button(target, t.actions.retry));
  assert.equal(target.getAttribute("aria-busy"), null);
});

test("a load that was asked for last and fails says so, whatever an earlier read brings", async () => {
  const part = kept();
  asked[0].resolve("old");
  await soon();
  const again = part.again();
  const reload = part.reload();
  asked[1].resolve("older");
  await again;
  asked[2].reject(busy());
  await reload;
  assert.ok(button(target, t.actions.retry));
});

test("an answer that comes late leaves what was shown more of since", async () => {
  const drawn = [];
  const part = keptTrue(target, request, (value) => drawn.push(value) && node, { signal: view.signal, placeholder });
  const again = part.again();
  asked[1].resolve("new");
  await again;
  asked[0].resolve("old");
  await soon();
  assert.deepEqual(drawn, ["new"]);
});

test("what is polled waits as long as the API asks, also when the network comes back", async (context) => {
  const waits = [];
  const { setTimeout: really } = globalThis;
  context.mock.method(globalThis, "setTimeout", (work, wait) => {
    waits.push(wait);
    return really(work, 0);
  });
  let turns = 0;
  await whileLookedAt(
    view.signal,
    () => 2_000,
    async () => {
      turns += 1;
      if (turns === 2) view.abort();
      throw Object.assign(busy(), { status: 429, retryAfter: 60_000 });
    },
  );
  assert.deepEqual(waits, [0, 2_000, 60_000, 0]);
});

test("the first pause of a part whose load failed is as long", async (context) => {
  kept();
  const { mock } = context.mock.method(globalThis, "setTimeout");
  asked[0].reject(Object.assign(busy(), { status: 429, retryAfter: 60_000 }));
  await soon();
  assert.ok(mock.calls.some(({ arguments: [, wait] }) => wait === 60_000));
});

test("a list is drawn before what completes it is known, and again with that", async () => {
  const completed = Promise.withResolvers();
  const outcomes = new Map();
  const list = element();
  const paged = pagedList({
    signal: view.signal,
    list,
    empty: element(),
    keyOf: (item) => item.id,
    fetchPage: async () => ({ items: [{ id: "a" }], next_cursor: null }),
    renderItem: (item) => draw(`${item.id} ${outcomes.get("a") ?? "–"}`),
    complete: (_, drawAgain) => completed.promise.then(drawAgain),
    shown: (item) => ({ ...item, outcome: outcomes.get(item.id) }),
  });
  await soon();
  assert.equal(paged.node.textContent, "a –");
  outcomes.set("a", "failed");
  completed.resolve();
  await soon();
  assert.equal(paged.node.textContent, "a failed");
});

test("a list that has no items any more keeps the focus of the last one", async () => {
  const list = element();
  document.body.append(list);
  let items = [{ id: "a" }];
  const paged = pagedList({
    signal: view.signal,
    list,
    empty: element(),
    changes: true,
    keyOf: (item) => item.id,
    fetchPage: async () => ({ items, next_cursor: null }),
    renderItem: () => element("button"),
  });
  document.body.append(paged.node);
  await soon();
  list.children[0].focus();
  items = [];
  await paged.again();
  assert.ok(document.activeElement === list);
});

/** A list of the newest first whose items change, and what the API has. */
function trailOf(count) {
  const list = element();
  const trail = { items: Array.from({ length: count }, (_, index) => ({ id: `old${index}`, result: "pending" })) };
  const paged = pagedList({
    signal: view.signal,
    list,
    empty: element(),
    changes: true,
    newer: { text: "Show newer", said: "" },
    keyOf: (item) => item.id,
    fetchPage: async (cursor) => {
      const from = Number(cursor ?? 0);
      const to = from + 50;
      return { items: trail.items.slice(from, to), next_cursor: to < trail.items.length ? String(to) : null };
    },
    renderItem: ({ id, result }) => {
      const row = element();
      row.textContent = `${id} ${result}`;
      return row;
    },
  });
  const shown = () => list.children.map(({ textContent }) => textContent);
  const come = async (some, result) => {
    const news = Array.from({ length: some }, (_, index) => ({ id: `new${result}-${index}`, result }));
    trail.items = [...news, ...trail.items.map((item) => ({ ...item, result }))];
    await paged.again();
  };
  const all = (result) => trail.items.map(({ id }) => `${id} ${result}`);
  return { paged, shown, come, all };
}

test("a list whose newer items wait keeps all that it shows, however many come", async (context) => {
  const { shown, come, paged } = trailOf(80);
  await soon();
  const before = shown();
  for (const count of [10, 49, 70]) {
    await come(count, `after ${count}`);
    assert.deepEqual(
      shown(),
      before.map((text) => text.replace("pending", `after ${count}`)),
    );
  }
  // Now they are more than is read. What was not read stays as it was, and is as old.
  const ids = () => shown().map((text) => text.split(" ")[0]);
  const then = ids();
  const readAt = [];
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  for (let round = 0; round < 9; round++) {
    context.mock.timers.setTime(Date.now() + 10_000);
    await come(40, `round ${round}`);
    readAt.push([paged.readAt(), shown()[0] === `old0 round ${round}`]);
    assert.deepEqual(ids(), then);
  }
  assert.ok(readAt[0][1]);
  assert.ok(!readAt.at(-1)[1]);
  for (const [index, [at, isNew]] of readAt.entries()) {
    if (index) assert.equal(at > readAt[index - 1][0], isNew, `read ${index}`);
  }
});

test("newer items that are shown at a press stay, and what follows them comes once and in order", async () => {
  const { paged, shown, come, all } = trailOf(80);
  await soon();
  await come(240, "first");
  press(paged.newer);
  await soon();
  assert.deepEqual(shown(), all("first").slice(0, shown().length));
  const { length } = shown();
  for (const result of ["second", "third"]) {
    await come(25, result);
    assert.equal(shown().length, length);
    assert.ok(shown().every((text) => text.endsWith(result)));
  }
  press(paged.newer);
  await soon();
  for (let more; (more = button(paged.node, t.actions.showMore));) {
    press(more);
    await soon();
  }
  assert.deepEqual(shown(), all("third"));
});

for (const state of ["running", "finished"])
  test(`a list is as old as an item of it that is ${state} and was not read`, async () => {
    let newest = { items: [{ id: "b", state }, { id: "a" }], next_cursor: null };
    let inSight;
    const paged = pagedList({
      signal: view.signal,
      list: element(),
      empty: element(),
      newer: { text: "Newer", said: "" },
      keyOf: (item) => item.id,
      isOpen: (item) => item.state === "running",
      fetchPage: async () => newest,
      onItems: (_, shown) => (inSight = shown.map(({ id }) => id)),
      renderItem: () => element(),
    });
    await soon(5);
    for (const [ids, isRead] of [
      ["cba", true],
      ["dc", state === "finished"],
      ["fe", state === "finished"],
    ]) {
      const before = paged.readAt();
      const items = [...ids].map((id) => ({ id, ...(id === "b" && { state }) }));
      newest = { items, next_cursor: ids.includes("a") ? null : "next" };
      await soon(5);
      await paged.again();
      assert.equal(paged.readAt() > before, isRead, ids);
      assert.deepEqual(inSight, ["b", "a"]);
    }
  });

test("more that failed and is tried again is busy meanwhile", async () => {
  const paged = pagedList({
    signal: view.signal,
    list: element(),
    empty: element(),
    keyOf: (item) => item.id,
    fetchPage: (cursor) => (cursor ? request() : Promise.resolve({ items: [{ id: "a" }], next_cursor: "b" })),
    renderItem: () => element(),
  });
  await soon();
  const again = button(paged.node, t.actions.showMore);
  press(again);
  asked[0].reject(busy());
  await soon();
  press(again);
  press(again);
  assert.equal(again.getAttribute("aria-busy"), "true");
  assert.equal(asked.length, 2);
  asked[1].reject(busy());
  await soon();
  assert.equal(again.getAttribute("aria-busy"), null);
});

test("more is asked for once, also where its button was drawn anew and is pressed again", async () => {
  let cursor = "b";
  const paged = pagedList({
    signal: view.signal,
    list: element(),
    empty: element(),
    keyOf: (item) => item.id,
    fetchPage: (from) => (from ? request() : Promise.resolve({ items: [{ id: cursor }], next_cursor: cursor })),
    renderItem: () => element(),
  });
  await soon();
  press(button(paged.node, t.actions.showMore));
  cursor = "c";
  await paged.again();
  press(button(paged.node, t.actions.showMore));
  assert.equal(asked.length, 1);
});

test("a part that failed and is tried again is busy too", async () => {
  load(target, request, draw, { signal: view.signal, placeholder });
  asked[0].reject(busy());
  await soon();
  const again = button(target, t.actions.retry);
  press(again);
  assert.equal(again.getAttribute("aria-busy"), "true");
});

for (const [where, goes] of [
  ["goes to its like", () => {}],
  ["stays where it has gone", (elsewhere) => elsewhere.focus()],
  ["goes nowhere if it is nowhere any more", (elsewhere) => [elsewhere.focus(), elsewhere.remove()]],
])
  test(`the focus of a part that is loaded for long ${where}`, async () => {
    const elsewhere = element("button");
    const [before, after] = [element("button"), element("button")];
    target.append(before);
    document.body.append(target, elsewhere);
    before.focus();
    load(target, request, () => after, { signal: view.signal, placeholder });
    await soon(200);
    goes(elsewhere);
    const there = document.activeElement;
    asked[0].resolve();
    await soon();
    assert.ok(document.activeElement === (there === target ? after : there));
  });

test("what could not be drawn is drawn with the next reading, although that is the same", () => {
  let isBroken = true;
  const once = (text) => {
    if (isBroken) throw new TypeError("no such field");
    return text;
  };
  assert.throws(() => render(target, "shown", once));
  isBroken = false;
  render(target, "shown", once);
  assert.equal(target.textContent, "shown");
});

test("what is to be read at once while it is read already is read once more", async () => {
  let turns = 0;
  const work = async () => {
    turns += 1;
    if (turns === 1) readNow();
    await soon();
  };
  whileLookedAt(view.signal, () => (turns ? 60_000 : 0), work);
  await soon(30);
  assert.equal(turns, 2);
  readNow();
  await soon(30);
  assert.equal(turns, 3);
});

test("an answer that cannot be drawn is not live", async () => {
  const unknown = () => {
    throw new TypeError("Unknown");
  };
  const each = (value) => (value === "unknown" ? unknown() : node);
  const part = keptTrue(target, request, each, { signal: view.signal, placeholder });
  asked[0].resolve("known");
  await soon();
  assert.equal(store.freshness(Date.now()), "live");
  const again = part.again();
  asked[1].resolve("unknown");
  await assert.rejects(again, TypeError);
  assert.equal(store.freshness(Date.now()), "incomplete");
  const mended = part.again();
  asked[2].resolve("known");
  await mended;
  assert.equal(store.freshness(Date.now()), "live");
});

test("a read out of turn says how soon the next one comes", async () => {
  let pause = 60_000;
  const part = keptTrue(target, request, draw, { signal: view.signal, placeholder, pauseOf: () => pause });
  asked[0].resolve("nothing runs");
  await soon();
  pause = 10;
  const again = part.again();
  asked[1].resolve("a test runs");
  await again;
  await soon(100);
  assert.equal(asked.length, 3);
  pause = 60_000;
  asked[2].resolve("it has ended");
  await soon(100);
  assert.deepEqual([asked.length, target.textContent], [3, "it has ended"]);
});
