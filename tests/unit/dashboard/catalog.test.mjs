// The permission catalog is read once for a view, and again for the next.
import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.sessionStorage = { getItem: () => null, setItem() {}, removeItem() {} };
globalThis.location = new URL("https://cavok.example/");
const api = await import("../../../functions/dashboard/static/lib/api.js");
const { catalogOf } = await import("../../../functions/dashboard/static/lib/catalog.js");
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
