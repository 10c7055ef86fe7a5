// A message waits for the end of a press, also of one that becomes a scroll.
import assert from "node:assert/strict";
import { test } from "node:test";
import { soon } from "./soon.mjs";

const pointer = new EventTarget();
globalThis.addEventListener = pointer.addEventListener.bind(pointer);
const { afterPress, pressOf } = await import("../../../functions/dashboard/static/lib/press.js");
const happens = (name) => pointer.dispatchEvent(new Event(name));

for (const end of ["pointerup", "pointercancel"])
  test(`it comes after ${end}, once, and the next at once`, async () => {
    const said = [];
    happens("pointerdown");
    afterPress(() => said.push("first"));
    await soon();
    assert.deepEqual(said, []);
    happens(end);
    await soon();
    assert.deepEqual(said, ["first"]);
    afterPress(() => said.push("second"));
    assert.deepEqual(said, ["first", "second"]);
    happens("pointerup");
    await soon();
    assert.deepEqual(said, ["first", "second"]);
  });

test("a press of what a button was is none of what it is by its release", () => {
  let now = "Cancel";
  const { onpointerdown, onkeydown, isSame } = pressOf(() => now);
  for (const begins of [onpointerdown, () => onkeydown(new Event("keydown"))]) {
    begins();
    assert.equal(isSame(), true);
    begins();
    now += " no more";
    assert.equal(isSame(), false);
    assert.equal(isSame(), true, "a click without such a beginning");
  }
});

test("a key that is held begins no other press", () => {
  let now = "Cancel";
  const { onkeydown, isSame } = pressOf(() => now);
  onkeydown(new Event("keydown"));
  now = "Export";
  const held = Object.assign(new Event("keydown", { cancelable: true }), { repeat: true });
  onkeydown(held);
  assert.deepEqual([held.defaultPrevented, isSame()], [true, false]);
});
