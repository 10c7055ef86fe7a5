// What a list shows after its first page was read again, and how old a view is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { soon } from "./soon.mjs";

// What the modules touch when they are loaded.
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
const { oldest, Pages, pauseBefore, renewed } = await import("../../../functions/dashboard/static/lib/watched.js");

const keyOf = (item) => item[0];
const after = (items, cursor, newest, next) => renewed({ items, cursor }, { items: newest, next_cursor: next }, keyOf);

test("new items come first, and what was loaded of later pages stays", () =>
  assert.deepEqual(after(["c", "b", "a"], "z", ["d", "c", "b"], "y"), { items: ["d", "c", "b", "a"], cursor: "z" }));

test("a changed item takes the place of the old one", () =>
  assert.deepEqual(after(["b", "a"], null, ["b2", "a"], null), { items: ["b2", "a"], cursor: null }));

test("what is gone from a list of one page is gone", () =>
  assert.deepEqual(after(["b", "a"], null, ["a"], null), { items: ["a"], cursor: null }));

test("a list that was complete stays so when its first page overflows", () =>
  assert.deepEqual(after(["b", "a"], null, ["c", "b"], "y"), { items: ["c", "b", "a"], cursor: null }));

test("a page of new ones alone begins the list anew", () =>
  assert.deepEqual(after(["b", "a"], null, ["e", "d"], "y"), { items: ["e", "d"], cursor: "y" }));

test("the first read takes all", () => assert.deepEqual(after([], null, ["a"], "y"), { items: ["a"], cursor: "y" }));

test("a view is as old as the oldest of its parts that have been read", () => {
  const parts = (...times) => times.map((at) => ({ readAt: () => at }));
  assert.equal(oldest(parts(30, 10, 20)), 10);
  assert.equal(oldest(parts(0, 20)), 20);
  assert.equal(oldest(parts(0, 0)), 0);
  const future = Date.now() + 60_000;
  assert.equal(oldest(parts(10, future, 20)), future, "it was read before the clock was set back");
});

test("a slow answer is asked for so early that the view is not called late, and no oftener than that needs", () => {
  const LATE_AFTER = 45;
  for (const pause of [0.7, 2, 3, 15, 30])
    for (let took = 0; took <= 20; took += 1) {
      const wait = pauseBefore(pause * 1_000, took * 1_000) / 1_000;
      assert.ok(wait <= pause && wait >= Math.min(pause, 5), `${wait} of ${pause}`);
      assert.ok(took + wait + took <= LATE_AFTER, `${took} of ${pause}`);
      assert.ok(took + wait >= Math.min(pause, 23), `${took} of ${pause}: asked after ${took + wait}`);
    }
  assert.equal(pauseBefore(30_000, 0), 30_000);
  // What takes many requests is asked for as seldom as it says.
  assert.equal(pauseBefore(600_000, 20_000), 560_000);
});

// Each request waits for the test to answer it.
function heldPages(changes) {
  const asked = [];
  const fetchPage = (cursor) =>
    new Promise((resolve) => {
      asked.push({ cursor, answer: (items, next_cursor = null) => resolve({ items, next_cursor }) });
    });
  return { asked, pages: new Pages({ fetchPage, keyOf, changes }) };
}

test("what is shown more of while a list that changes is read again stays", async () => {
  const { asked, pages } = heldPages(true);
  pages.take({ items: ["a", "b"], next_cursor: "y" });
  const reading = pages.read();
  const more = pages.next();
  asked[1].answer(["c"]);
  await more;
  asked[0].answer(["a2", "b2"], "y");
  await soon();
  asked[2].answer(["c2"]);
  pages.take(await reading);
  assert.deepEqual([pages.items, pages.cursor], [["a2", "b2", "c2"], null]);
});

// A list of which each page has two items. The cursor is the item after which a page begins.
function listed(...first) {
  const list = { items: first, asked: 0 };
  const fetchPage = async (cursor) => {
    list.asked += 1;
    const from = cursor ? list.items.indexOf(cursor) + 1 : 0;
    const items = list.items.slice(from, from + 2);
    return { items, next_cursor: from + 2 < list.items.length ? items.at(-1) : null };
  };
  return { list, pages: new Pages({ fetchPage, keyOf, changes: true }) };
}

test("what was shown more of stays when others come before it, and no more is shown", async () => {
  const { list, pages } = listed("e", "d", "c", "b", "a");
  pages.take(await pages.read());
  await pages.next();
  list.items = ["h", "g", "f", ...list.items];
  pages.take(await pages.read());
  assert.deepEqual(pages.items, ["h", "g", "f", "e", "d", "c", "b"]);
  await pages.next();
  assert.deepEqual([pages.items, pages.cursor], [list.items, null]);
});

test("as many as were shown stay when the last of them comes before others", async () => {
  const { list, pages } = listed("f", "e", "d", "c", "b", "a");
  pages.take(await pages.read());
  await pages.next();
  for (const order of ["cfedba", "fcedba", "fedcba", "fedbca"]) {
    list.items = [...order];
    pages.take(await pages.read());
    assert.equal(pages.items.join(""), order.slice(0, Math.max(4, order.indexOf("c") + 1)));
  }
  await pages.next();
  assert.deepEqual([pages.items, pages.cursor], [list.items, null]);
});

test("of a list of which no more is shown, the first page is read alone", async () => {
  const { list, pages } = listed("c", "b", "a");
  pages.take(await pages.read());
  list.items.unshift("d");
  pages.take(await pages.read());
  assert.deepEqual([pages.items, list.asked], [["d", "c"], 2]);
});

test("a list that changes is not read to its end because the last item that is shown is gone", async () => {
  const { list, pages } = listed(..."zyxwvutsrqponmlkjihgfedcba");
  pages.take(await pages.read());
  await pages.next();
  list.items.splice(list.items.indexOf("w"), 1);
  list.asked = 0;
  pages.take(await pages.read());
  assert.equal(list.asked, 6);
  pages.take(await pages.read());
  assert.equal(list.asked, 12, "no more than before");
});

test("the page after one of a list that began anew meanwhile is not shown: the one that follows now is", async () => {
  const { asked, pages } = heldPages(false);
  pages.take({ items: ["d", "c"], next_cursor: "c" });
  const more = pages.next();
  pages.take({ items: ["h", "g"], next_cursor: "g" });
  asked[0].answer(["b", "a"]);
  await soon();
  assert.equal(asked[1].cursor, "g");
  asked[1].answer(["f", "e"], "e");
  await more;
  assert.deepEqual([pages.items, pages.cursor], [["h", "g", "f", "e"], "e"]);
});
