// A message waits for the end of a press, also of one that becomes a scroll.
import assert from "node:assert/strict";
import { test } from "node:test";
import { soon } from "./soon.mjs";

const pointer = new EventTarget();
globalThis.addEventListener = pointer.addEventListener.bind(pointer);
const { afterPress } = await import("../../../functions/dashboard/static/lib/press.js");
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
