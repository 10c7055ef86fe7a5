// Texts that count have the forms of the language.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";

Object.defineProperty(globalThis, "navigator", { value: { language: "en" }, configurable: true });
const { t } = await import("../../../functions/dashboard/static/views/texts.js");
const { wordOf } = await import("../../../functions/dashboard/static/texts.js");

test("what is left of a quota is of its own time", () => {
  const left = t.organization.quota(57, 60, t.organization.quotaTime(60));
  assert.equal(left, "57 of 60 left this minute");
});

for (const [said, one, several] of [
  [t.problems.timeoutDetail, "No answer came within 1 second.", "No answer came within 1,500 seconds."],
  [t.list.arrived, "1 new account", "1,500 new accounts"],
  [
    t.account.removeConsequences,
    "Its instances can no longer be started or stopped from here, and its schedules end. This cannot be undone.",
    "Their instances can no longer be started or stopped from here, and their schedules end. This cannot be undone.",
  ],
  [t.tests.progress, "1 step done", "1,500 steps done"],
  [t.tests.nothingChanged, "Nothing: 1 verdict is the same.", "Nothing: all 1,500 verdicts are the same."],
  [t.tests.allGood, "fine", "all 1,500 fine"],
  [t.organization.quotaTime, "this second", "these 1,500 seconds"],
  [t.resources.allAllowed, "Allowed for the only one", "Allowed for all 1,500"],
  [(free) => t.usage.used(0, free), "0 of 1 interaction used", "0 of 1,500 interactions used"],
  [t.usage.remaining, "1 left.", "1,500 left."],
  [
    t.organization.freeTier,
    "Each account has its own free tier of 1 interaction a month.",
    "Each account has its own free tier of 1,500 interactions a month.",
  ],
]) {
  test(`${one} ${several}`, () => assert.deepEqual([said(1), said(1500)], [one, several]));
}

test("nobody is told that a test costs nothing which counts: one that a look for the role begins is a person's", () => {
  assert.match(t.instructions.looks.waiting, /counts as your test/);
  assert.match(t.usage.text, /each test by a person .* also one that began because they waited/);
  assert.doesNotMatch(t.usage.text, /test by a person or a schedule|by itself/);
});

test("a text gets numbers as numbers, so that any language can choose its form", () => {
  const page = new URL("../../../functions/dashboard/static/", import.meta.url).pathname;
  const written = globSync(`${page}**/*.js`).flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/\bt(\.\w+)+\([^()]*\bnumber\(/g)].map(([call]) => call),
  );
  assert.deepEqual(written, []);
});

for (const tables of ["challenges.errors", "organization.quotaNames", "instructions.looks", "signIn.errors"])
  test(`a newer API may send a value that ${tables} does not know`, (context) => {
    const said = context.mock.method(console, "error", () => {});
    const [view, table] = tables.split(".");
    assert.equal(t[view][table].newer, undefined);
    assert.equal(said.mock.callCount(), 0);
  });

test("a value without a word is shown as it is, by one function", () => {
  assert.deepEqual([wordOf(t.status, "failed"), wordOf(t.status, "resting")], [t.status.failed, "resting"]);
  const page = new URL("../../../functions/dashboard/static/", import.meta.url).pathname;
  const apart = globSync(`${page}**/*.js`).flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/\bt(?:\.\w+)+\[([\w.]+)\] \?\? \1(?![\w.])/g)].map(([found]) => found),
  );
  assert.deepEqual(apart, []);
});

test("a mistyped name is an error", (context) => {
  const said = context.mock.method(console, "error", () => {});
  assert.equal(t.organization.titel, undefined);
  assert.deepEqual(said.mock.calls[0].arguments, ["no text: organization.titel"]);
});
