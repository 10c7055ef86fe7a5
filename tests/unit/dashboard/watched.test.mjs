// What a list shows after its first page was read again, and how old a view is.
import assert from "node:assert/strict";
import { test } from "node:test";

// What the modules touch when they are loaded.
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
const { oldest, renewed } = await import("../../../functions/dashboard/static/lib/watched.js");

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
