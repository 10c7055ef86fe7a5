// The units of an AWS Organization as a tree, with what is counted in each.
import assert from "node:assert/strict";
import { test } from "node:test";

const { countOf, progressOf, treeOf } = await import("../../../functions/dashboard/static/lib/units.js");

const unit = (ids, path, totals) => ({ ou_ids: ids, ou_path: path, totals });

test("a unit counts what is in it, and what is below it", () => {
  const { roots, byId } = treeOf([
    unit(["r", "shops", "north"], "Root/Shops/North", { connected: 2, closed: 1 }),
    unit(["r"], "Root", { connected: 1 }),
    unit(["r", "shops"], "Root/Shops", { role_missing: 3 }),
  ]);
  assert.deepEqual(
    roots.map(({ name }) => name),
    ["Root"],
  );
  assert.deepEqual(roots[0].all, { connected: 3, closed: 1, role_missing: 3 });
  assert.deepEqual(roots[0].own, { connected: 1 });
  assert.deepEqual(byId.get("shops").own, { role_missing: 3 });
  assert.deepEqual(byId.get("shops").all, { connected: 2, closed: 1, role_missing: 3 });
  assert.equal(byId.get("shops").below[0], byId.get("north"));
});

test("a unit of several pages adds up, whichever order they come in", () => {
  const items = [
    unit(["r", "b"], "Root/B", { connected: 1 }),
    unit(["r", "a"], "Root/A", { connected: 2 }),
    unit(["r", "b"], "Root/B", { connected: 4, problem: 1 }),
  ];
  for (const each of [items, items.toReversed()]) {
    const { roots, byId } = treeOf(each);
    assert.deepEqual(byId.get("b").all, { connected: 5, problem: 1 });
    assert.deepEqual(
      roots[0].below.map(({ name }) => name),
      ["A", "B"],
    );
    assert.equal(countOf(roots[0].all), 8);
  }
});

test("a unit above that has no members of its own has its name", () => {
  const { byId } = treeOf([unit(["r", "shops", "north"], "Root/Shops/North", { connected: 1 })]);
  assert.equal(byId.get("shops").name, "Shops");
  assert.deepEqual(byId.get("shops").own, {});
});

test("a slash within a name makes no name up", () => {
  const { byId } = treeOf([unit(["r", "shops", "north"], "Root/Shops/North/East", { connected: 1 })]);
  assert.equal(byId.get("north").name, "Root/Shops/North/East");
  assert.equal(byId.get("shops").name, "shops");
  const known = treeOf([
    unit(["r", "shops", "north"], "Root/Shops/North/East", { connected: 1 }),
    unit(["r", "shops"], "Root/Shops", { connected: 1 }),
  ]);
  assert.equal(known.byId.get("shops").name, "Shops");
});

test("what is left out is not waited for", () => {
  const totals = { connected: 6, role_missing: 3, problem: 1, excluded: 5, suspended: 1, closed: 2 };
  assert.deepEqual(progressOf(totals), { connected: 6, wanted: 10 });
  assert.deepEqual(progressOf({ closed: 2 }), { connected: 0, wanted: 0 });
  assert.equal(countOf(totals), 18);
  assert.equal(countOf(totals, "excluded"), 5);
  assert.equal(countOf(totals, "unknown"), 0);
});
