// Which state an instance has after what AWS said of it, and what became of its newest start or stop.
import assert from "node:assert/strict";
import { test } from "node:test";

// What the modules touch when they are loaded.
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
const views = "../../../functions/dashboard/static/views";
const { KINDS } = await import(`${views}/kinds.js`);
// A made-up kind, of which the view knows nothing else.
KINDS.warehouse = { ...KINDS.rds, starting: "resuming", stopping: "pausing", stopped: "paused" };
const { stateOf } = await import(`${views}/instances.js`);
const { t } = await import(`${views}/texts.js`);

const listedAt = Date.parse("2026-01-10T10:00:00Z");
const act = (action, at, result, state = null) => ({ action, at: `2026-01-10T${at}Z`, result, state });

for (const [listed, newest, said] of [
  ["running", undefined, "running"],
  // Asked for after AWS was.
  ["running", act("stop", "10:00:10", "pending"), "stopping"],
  ["stopped", act("start", "10:00:10", "pending"), "starting"],
  ["running", act("stop", "10:00:10", "reached", "stopped"), "stopped"],
  ["available", act("stop", "10:00:10", "not_reached", "available"), "available"],
  ["running", act("stop", "10:00:10", "unknown"), "running"],
  // It was on its way when AWS was asked.
  ["stopping", act("stop", "09:59:50", "pending"), "stopping"],
  ["stopping", act("stop", "09:59:50", "reached", "stopped"), "stopped"],
  ["pending", act("start", "09:59:50", "reached", "running"), "running"],
  ["stopping", act("stop", "09:59:50", "not_reached", "running"), "running"],
  ["pausing", act("stop", "09:59:50", "reached", "paused"), "paused"],
  ["resuming", act("start", "09:59:50", "reached", "available"), "available"],
  // AWS has said something newer.
  ["running", act("stop", "09:59:50", "reached", "stopped"), "running"],
  ["stopping", act("start", "09:59:50", "reached", "running"), "stopping"],
  ["stopping", act("stop", "08:00:00", "reached", "stopped"), "stopping"],
]) {
  const after = newest ? `${newest.action} at ${newest.at}, ${newest.result}` : "no act";
  test(`listed as ${listed}, ${after}: ${said}`, () =>
    assert.equal(stateOf({ state: listed }, newest, listedAt), said));
}

test("a state is a code, whatever language its word is in", () => {
  for (const [code, word] of Object.entries(t.instances.states)) t.instances.states[code] = word.toUpperCase();
  assert.equal(stateOf({ state: "running" }, act("stop", "10:00:10", "pending"), listedAt), "stopping");
});
