// The order of the list and its filters: what is asked for, where it is kept, and what shows it.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { button, press, toasts } from "./drawn.mjs";
import { account, opened, queryOf, shownAs } from "./listed.mjs";
import { soon, until } from "./soon.mjs";

const { t } = await import("../../../functions/dashboard/static/views/texts.js");

const items = ["a", "b"].map((name) => account(name, { access_type: "access_key", issues: [{ severity: "problem" }] }));
const ENROLLED = "01JN8Q5M3C0000000000000010";
const totals = { connected: 1 };
const UNITS = [
  { ou_ids: ["r-ab12"], ou_path: "Root", totals },
  { ou_ids: ["r-ab12", "ou-ab12-11111111"], ou_path: "Root/Shops", totals },
];
let asked, enrollments;

beforeEach(() => {
  asked = [];
  enrollments = {};
  globalThis.fetch = async (address) => {
    const { pathname } = new URL(address);
    if (pathname.endsWith("/organization")) return Response.json({ accounts: { total: 2, by_status: { failed: 2 } } });
    if (pathname.startsWith("/v1/enrollments"))
      return Response.json({ items: enrollments[pathname] ?? [], next_cursor: null });
    asked.push(queryOf(address));
    return Response.json({ items, next_cursor: null });
  };
});

const heads = (main) => main.querySelectorAll("[role=columnheader]");
const ways = (main) => heads(main).map((head) => head.getAttribute("aria-sort"));
const sort = async (main, index) => {
  press(heads(main)[index].querySelector("button"));
  await soon(30);
};

test("a column's head sorts by it, and the other way round when it is pressed again", async () => {
  const main = await opened();
  assert.deepEqual(ways(main), ["ascending", null, null, null, null, null, null]);
  await sort(main, 1);
  assert.deepEqual([asked.at(-1), shownAs], [{ sort: "status" }, "#/accounts?sort=status"]);
  assert.deepEqual(ways(main).slice(0, 3), [null, "ascending", null]);
  await sort(main, 1);
  assert.deepEqual([asked.at(-1), ways(main)[1]], [{ sort: "-status" }, "descending"]);
  await sort(main, 2);
  assert.deepEqual([asked.at(-1), ways(main)[2]], [{ sort: "provider_id" }, "ascending"]);
  await sort(main, 0);
  await sort(main, 0);
  assert.deepEqual([asked.at(-1), ways(main)[0]], [{ sort: "-name" }, "descending"]);
});

test("the name's head reverses a list that nobody has sorted yet", async () => {
  const main = await opened();
  await sort(main, 0);
  assert.deepEqual(asked.at(-1), { sort: "-name" });
});

test("of a search that is longer than the API takes, its beginning is searched for", async () => {
  await opened(`q=${"a".repeat(70)}`);
  assert.equal(asked.at(-1).q, "a".repeat(64));
});

test("a search has an order of its own, until a column is chosen", async () => {
  const main = await opened("q=b");
  assert.deepEqual(ways(main).filter(Boolean), []);
  await sort(main, 0);
  assert.deepEqual([asked.at(-1), ways(main)[0]], [{ q: "b", sort: "name" }, "ascending"]);
});

async function chosen(main) {
  press(button(main, t.list.sortAndFilter));
  await until(() => main.querySelector(".choices select"));
  return main.querySelectorAll(".choices select");
}
async function choose(select, value) {
  select.value = value;
  select.dispatchEvent(new Event("change"));
  await soon(30);
}

test("the choices come when they are asked for, are asked for together, and live in the address", async () => {
  const main = await opened();
  const place = main.querySelector(".choices");
  assert.deepEqual([place.hidden, place.children.length], [true, 0]);
  const [order, access, problems] = await chosen(main);
  assert.equal(place.hidden, false);
  assert.deepEqual([order.value, access.value, problems.value], ["", "", ""]);
  await choose(access, "access_key");
  await choose(problems, "true");
  await choose(order, "-provider_id");
  assert.deepEqual(asked.at(-1), { access_type: "access_key", has_problems: "true", sort: "-provider_id" });
  assert.equal(shownAs, "#/accounts?access_type=access_key&has_problems=true&sort=-provider_id");
  assert.equal(ways(main)[2], "descending");
  const toggle = button(main, `${t.list.sortAndFilter}${t.list.filtersSet(2)}`);
  press(toggle);
  assert.deepEqual([place.hidden, toggle.getAttribute("aria-expanded")], [true, "false"]);
});

for (const [search, isShown, said] of [
  ["status=failed&sort=-name", true, ""],
  ["q=b", false, t.list.nothingFoundText],
  [`enrollment_id=${ENROLLED}`, false, ""],
  ["template_version=1", false, ""],
])
  test(`the statuses' numbers are ${isShown ? "shown" : "hidden, being of all,"} at ${search}`, async () => {
    const main = await opened(search);
    const shown = () => main.querySelectorAll(".count").map(({ style }) => style.visibility !== "hidden");
    assert.deepEqual(shown(), Array(5).fill(isShown));
    const { fetch } = globalThis;
    globalThis.fetch = async (address) =>
      String(address).includes("/v1/accounts?") ? Response.json({ items: [], next_cursor: null }) : fetch(address);
    main.querySelectorAll("[name=status]")[1].dispatchEvent(new Event("change"));
    await soon(30);
    const foot = main.querySelector(".list-foot").textContent;
    assert.equal(foot.includes(t.list.nothingFoundText), Boolean(said), foot);
    press(button(main, t.list.clear));
    await soon(30);
    assert.deepEqual(shown(), Array(5).fill(true));
  });

test("clearing the filters keeps the order, and the button where it is", async () => {
  const main = await opened("q=b&status=failed&has_problems=true&sort=status");
  await until(() => main.querySelector(".choices select"));
  const clear = main.querySelector(".choices button");
  assert.equal(clear.getAttribute("aria-disabled"), "false");
  press(clear);
  await soon(30);
  assert.deepEqual([asked.at(-1), shownAs], [{ sort: "status" }, "#/accounts?sort=status"]);
  assert.equal(main.querySelector("#search, input").value, "");
  assert.deepEqual([clear.getAttribute("aria-disabled"), main.contains(clear)], ["true", true]);
  const before = asked.length;
  press(clear);
  await soon(30);
  assert.equal(asked.length, before, "there is nothing to clear");
});

for (const [search, query, open] of [
  ["access_type=access_key", { access_type: "access_key" }, true],
  ["has_problems=false&sort=-name", { has_problems: "false", sort: "-name" }, true],
  ["sort=status", { sort: "status" }, false],
])
  test(`the address ${search} is what is asked for, and shown`, async () => {
    const main = await opened(search);
    assert.deepEqual(asked[0], query);
    assert.equal(main.querySelector(".choices").hidden, !open);
    if (!open) return;
    await until(() => main.querySelector(".choices select"));
    const shown = main.querySelectorAll(".choices select").map((select) => [select.getAttribute("name"), select.value]);
    assert.deepEqual(Object.fromEntries(shown.filter(([, value]) => value)), query);
  });

test("filters of the address that nobody knows are left out of it, which is said", async () => {
  await opened("access_type=password&has_problems=1&sort=newest&status=degraded%2Cfailed&q=a");
  assert.deepEqual([asked[0], shownAs], [{ q: "a" }, "#/accounts?q=a"]);
  const left = "access_type=password, has_problems=1, sort=newest, status=degraded,failed";
  assert.ok(toasts.textContent.includes(t.list.unknownFilters(left)), toasts.textContent);
});

const LONG = "x".repeat(2_000);
for (const [search, query, left] of [
  ["status=failed&status=degraded", { status: "failed" }, "status=degraded"],
  ["status=x&status=failed", {}, "status=x, status=failed"],
  ["q=a&q=b&columns=name&columns=status", { q: "a" }, "q=b, columns=status"],
  ["colour=red&status=failed", { status: "failed" }, "colour=red"],
  ["Status=failed", {}, "Status=failed"],
  [`status=${LONG}`, {}, "status"],
  [`${LONG}=1`, {}, LONG.slice(0, 40)],
  ["FOO&q=a", { q: "a" }, "FOO"],
  ["q=4000-0000-0001&q=b", { q: "400000000001" }, "q=b"],
  // Nothing is left out.
  ["status=failed&status=failed&sort=&q=", { status: "failed" }, ""],
  [`q=${LONG}`, { q: LONG.slice(0, 64) }, ""],
  ["q=4000-0000-0001", { q: "400000000001" }, ""],
  ["q=%20Payments+Test", { q: "PaymentsTest" }, ""],
])
  test(`of the address ${search.slice(0, 40)}, what is left out is said`, async () => {
    toasts.replaceChildren();
    await opened(search);
    assert.deepEqual(asked[0], query);
    assert.equal(toasts.textContent.trim(), left && t.list.unknownFilters(left));
    if (left)
      assert.equal(
        shownAs.replace(/[?&]columns=name/, ""),
        `#/accounts${Object.keys(query).length ? "?" : ""}${new URLSearchParams(query)}`,
      );
  });

const organizations = () => ({
  "/v1/enrollments": [{ enrollment_id: ENROLLED, name: "Northwind" }],
  [`/v1/enrollments/${ENROLLED}/units`]: UNITS,
});
const offered = (select) => select.querySelectorAll("option").map((option) => [option.value, option.textContent]);
const hidden = (selects) => selects.map((select) => select.closest("label").hidden);

test("who has enrolled no AWS Organization is not asked for one", async () => {
  const [, , , enrollment, unit] = await chosen(await opened());
  await soon(30);
  assert.deepEqual(hidden([enrollment, unit]), [true, true]);
});

test("an AWS Organization is chosen, then a unit of it, and both live in the address", async () => {
  enrollments = organizations();
  const main = await opened();
  const [, , , enrollment, unit] = await chosen(main);
  await until(() => !enrollment.closest("label").hidden);
  assert.equal(unit.closest("label").hidden, true);
  await choose(enrollment, ENROLLED);
  await until(() => offered(unit).length === 3);
  assert.deepEqual(offered(unit).slice(1), [
    ["r-ab12", "Root"],
    ["ou-ab12-11111111", "\u2003Shops"],
  ]);
  await choose(unit, "ou-ab12-11111111");
  assert.deepEqual(asked.at(-1), { enrollment_id: ENROLLED, ou: "ou-ab12-11111111" });
  assert.equal(shownAs, `#/accounts?enrollment_id=${ENROLLED}&ou=ou-ab12-11111111`);
  await choose(enrollment, "");
  assert.deepEqual([asked.at(-1), shownAs], [{}, "#/accounts"]);
});

test("a unit of the address is shown before its name is known, and if nobody knows it", async () => {
  const main = await opened("ou=ou-ab12-22222222");
  await until(() => main.querySelectorAll(".choices select").length === 5);
  const [, , , , unit] = main.querySelectorAll(".choices select");
  assert.deepEqual(asked[0], { ou: "ou-ab12-22222222" });
  assert.deepEqual([unit.value, unit.closest("label").hidden], ["ou-ab12-22222222", false]);
});
