// The permission catalog is read once for a view, and again for the next.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import "./drawn.mjs";
import { soon } from "./soon.mjs";

const api = await import("../../../functions/dashboard/static/lib/api.js");
const { catalogOf, groupsOf } = await import("../../../functions/dashboard/static/lib/catalog.js");
api.start({});

test("a view reads it once, and the next one what is there now", async () => {
  let deployed = 1;
  let asked = 0;
  globalThis.fetch = async () => {
    asked += 1;
    return Response.json({ groups: [deployed] });
  };
  const { signal } = new AbortController();
  const one = catalogOf(signal);
  assert.deepEqual([await one(), await one()], [{ groups: [1] }, { groups: [1] }]);
  deployed = 2;
  assert.deepEqual(await catalogOf(signal)(), { groups: [2] });
  assert.equal(asked, 2);
});

test("nothing waits for the groups of the catalog, which is asked for once at a time", async () => {
  const answers = [];
  globalThis.fetch = () => new Promise((resolve) => answers.push(resolve));
  let come = 0;
  const groups = groupsOf(new AbortController().signal, () => (come += 1));
  for (let read = 0; read < 3; read += 1) {
    assert.deepEqual(groups(), []);
    await soon();
  }
  assert.equal(answers.length, 1);
  answers[0](Response.json({ groups: [1] }));
  await soon();
  assert.deepEqual([groups(), come, answers.length], [[1], 1, 1]);
});

test("groups that could not be read are asked for again after five seconds", async () => {
  let asked = 0;
  globalThis.fetch = async () => {
    asked += 1;
    return new Response("", { status: 422 });
  };
  const passed = mock.method(performance, "now");
  const groups = groupsOf(new AbortController().signal, () => {});
  for (const [at, times] of [
    [0, 1],
    [4_000, 1],
    [6_000, 2],
    [10_000, 2],
  ]) {
    passed.mock.mockImplementation(() => at);
    groups();
    await soon();
    assert.equal(asked, times, `after ${at} ms`);
  }
});
