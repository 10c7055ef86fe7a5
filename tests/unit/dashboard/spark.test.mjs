// The status of the last days in a row of the list.
import assert from "node:assert/strict";
import { test } from "node:test";
import { element } from "./drawn.mjs";

const page = "../../../functions/dashboard/static";
const { DAYS, drawSpark, runsOf, statusDays } = await import(`${page}/lib/spark.js`);
const { t } = await import(`${page}/texts.js`);

const NOW = Date.parse("2026-01-31T01:00:00Z");
const account = (status, changes = [], created_at = "2025-01-01T00:00:00Z") => ({
  status,
  created_at,
  status_changes: changes.map(([on, before]) => ({ on, before })),
});
const letters = (given) =>
  statusDays(given, NOW)
    .map((state) => state[0] ?? "-")
    .join("");

test("an account whose status stays is the same each day", () => {
  assert.equal(letters(account("confirmed")), "c".repeat(DAYS));
});

test("a change says what was before it, and its day is as bad as the worst of it", () => {
  const broken = account("confirmed", [
    ["2026-01-28", "confirmed"],
    ["2026-01-30", "failed"],
  ]);
  assert.equal(letters(broken), `${"c".repeat(26)}fffc`);
  const mended = account("confirmed", [["2026-01-29", "degraded"]]);
  assert.equal(letters(mended), `${"d".repeat(28)}cc`);
});

test("a day that begins and ends well is as bad as it was in between", () => {
  const shaken = account("confirmed", [
    ["2026-01-31", "confirmed"],
    ["2026-01-31", "failed"],
  ]);
  assert.equal(letters(shaken), `${"c".repeat(29)}f`);
});

test("the day of the first connection is as the account was since then", () => {
  const connected = ["2026-01-30", "unconfirmed"];
  assert.equal(letters(account("confirmed", [connected], "2026-01-29T10:00:00Z")), `${"-".repeat(27)}ucc`);
  assert.equal(letters(account("failed", [connected, ["2026-01-30", "confirmed"]])), `${"u".repeat(28)}ff`);
  // A person who revokes it makes it unconfirmed, too.
  const revoked = [connected, ["2026-01-31", "confirmed"]];
  assert.equal(letters(account("unconfirmed", revoked)), `${"u".repeat(28)}cu`);
  const back = [connected, ["2026-01-30", "unconfirmed"]];
  assert.equal(letters(account("confirmed", back)), `${"u".repeat(29)}c`);
  // The first of eight that are kept is not the first of all.
  const often = Array.from({ length: 8 }, (_, index) => [`2026-01-${20 + index}`, "unconfirmed"]);
  assert.match(letters(account("confirmed", often)), /^-{18}u/u);
});

test("nothing is said of days before the account was there, or of which the changes are not kept", () => {
  assert.equal(letters(account("unconfirmed", [], "2026-01-30T23:00:00Z")), `${"-".repeat(28)}uu`);
  const often = Array.from({ length: 8 }, (_, index) => [`2026-01-${20 + index}`, index % 2 ? "confirmed" : "failed"]);
  assert.match(letters(account("failed", often)), /^-{18}f/u);
  assert.equal(letters(account("confirmed", often.slice(1)))[0], "c");
});

test("changes of long ago change nothing", () => {
  assert.equal(letters(account("confirmed", [["2025-11-01", "failed"]])), "c".repeat(DAYS));
});

test("one element says in words what it shows", () => {
  const node = element("span");
  drawSpark(
    node,
    account("confirmed", [
      ["2026-01-30", "failed"],
      ["2026-01-31", "degraded"],
    ]),
    NOW,
  );
  assert.equal(node.ariaLabel, t.spark.label(DAYS, ["Degraded 1", "Failed 29"]));
  assert.equal(node.getAttribute("role"), "img");
  assert.equal(node.children.length, 0);
  assert.equal(node.style.background.match(/linear-gradient/gu).length, 2);
  assert.match(node.style.background, / 0% 100% \/ 96\.6\d+% 40% no-repeat/u);
  assert.match(node.style.background, / 100% 100% \/ 3\.3\d+% 70% no-repeat$/u);
});

test("the better a status, the higher it stands", () => {
  const heights = ["confirmed", "degraded", "failed", "unconfirmed"].map((status) => {
    const node = element("span");
    drawSpark(node, account(status), NOW);
    return Number(node.style.background.match(/([\d.]+)% no-repeat$/u)[1]);
  });
  assert.deepEqual(
    heights,
    heights.toSorted((a, b) => b - a),
  );
});

test("a day with a status that only a newer API knows is left empty", () => {
  const node = element("span");
  drawSpark(node, account("resting", [["2026-01-30", "confirmed"]]), NOW);
  assert.equal(node.style.background.match(/linear-gradient/gu).length, 1);
  assert.ok(!node.style.background.includes("undefined"));
});

test("of an older API, which sends no changes, nothing is drawn", () => {
  const node = element("span");
  drawSpark(node, { status: "confirmed", created_at: "2025-01-01T00:00:00Z" }, NOW);
  assert.equal(node.getAttribute("role"), null);
});

test("days that are alike are one run", () => {
  assert.deepEqual(runsOf(["a", "a", "", "b"]), [
    { state: "a", from: 0, length: 2 },
    { state: "", from: 2, length: 1 },
    { state: "b", from: 3, length: 1 },
  ]);
});
