// A change of another is told once before it is overwritten.
import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { addEventListener() {} };
const page = "../../../functions/dashboard/static";
const { removing, unlessChanged } = await import(`${page}/lib/meanwhile.js`);
const { Problem } = await import(`${page}/lib/problem.js`);

const changed = { status: 412, message: "theirs" };

test("what nobody changed is saved", () => unlessChanged({ name: "a" }, () => ({ name: "a" }), String)());

test("a change of another is told once, and each further one again", async () => {
  let there = "ours";
  const check = unlessChanged("ours", () => Promise.resolve(there), String);
  there = "theirs";
  await assert.rejects(check(), changed);
  await check();
  there = "more";
  await assert.rejects(check(), { status: 412, message: "more" });
});

test("what another made the same is no conflict", async () => {
  await unlessChanged("ours", () => "theirs", String)("theirs");
  await assert.rejects(unlessChanged("ours", () => "theirs", String)("other"), changed);
});

test("nor is what was to be saved before, whose answer may be lost, but what was refused is", async () => {
  let there = "ours";
  const check = unlessChanged("ours", () => there, String);
  await check("first");
  there = "first";
  await check("second");
  there = "theirs";
  await assert.rejects(check("third"), changed);
  there = "third";
  await assert.rejects(check("fourth"), { status: 412, message: "third" });
});

test("what is gone differs from what was never there", async () => {
  await assert.rejects(unlessChanged({ url: "x" }, () => null, String)(), { status: 412 });
  await unlessChanged(null, () => null, String)();
});

test("who cannot tell does not save", () =>
  assert.rejects(unlessChanged(1, () => Promise.reject(new Error("no network")), String)(), /no network/));

const asked = (check) => check;

test("of what is removed, a change of another is told once, and the version that was compared is removed", async () => {
  let there = { shown: "theirs", etag: "2" };
  const removed = [];
  const remove = removing(
    "ours",
    async () => there,
    String,
    async (etag) => removed.push(etag),
  );
  await assert.rejects(remove(asked), changed);
  assert.deepEqual(removed, []);
  await remove(asked);
  there = { shown: null, etag: null };
  await remove(asked);
  assert.deepEqual(removed, ["2", null]);
});

test("what another changes while its removal is on its way is compared once more", async () => {
  let there = { shown: "ours", etag: "1" };
  const remove = removing(
    "ours",
    async () => there,
    String,
    async (etag) => {
      if (etag === "2") return;
      there = { shown: "theirs", etag: "2" };
      throw new Problem({ status: 412, title: "Changed" });
    },
  );
  await assert.rejects(remove(asked), changed);
  await remove(asked);
});

test("what is given up while it is compared is not removed", async () => {
  const remove = removing(
    "ours",
    async () => ({ shown: "ours" }),
    String,
    () => assert.fail(),
  );
  const givenUp = new DOMException("", "AbortError");
  await assert.rejects(
    remove((check) => check.finally(() => Promise.reject(givenUp))),
    givenUp,
  );
});
