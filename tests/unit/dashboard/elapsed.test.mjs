// What lasts does so by no clock that can be set.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ageing, stopwatch } from "../../../functions/dashboard/static/lib/elapsed.js";

const HOUR = 3_600_000;

for (const set of [-2 * HOUR, HOUR])
  test(`a clock that is set by ${set / HOUR} h lengthens nothing and shortens no age`, (context) => {
    context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
    // The age began first and is read last, so that it is never less.
    const [age, lasts] = [ageing(), stopwatch()];
    context.mock.timers.setTime(Date.now() + set);
    const passed = lasts();
    assert.ok(passed >= 0 && passed < 60_000);
    assert.ok(age() >= Math.max(passed, set));
  });
