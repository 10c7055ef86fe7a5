// Usage by month: the bars, and what is said of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, opened, signIn } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

globalThis.window = { addEventListener() {} };
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const { readNow } = await import(`${page}/lib/dom.js`);
const { heights, monthOf, monthsPicture } = await import(`${page}/lib/months.js`);
const { overview } = await import(`${page}/views/account.js`);
const { organization } = await import(`${page}/views/organization.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const months = (...used) =>
  used.map((count, index) => ({ period: `2025-${String(index + 1).padStart(2, "0")}`, used: count, complete: true }));
const textOf = (node, part) => all(node).find(({ classList }) => classList.contains(part))?.textContent;
const rowsOf = (node) =>
  all(node)
    .filter(({ tag }) => tag === "tr")
    .slice(1)
    .map(({ textContent }) => textContent);

test("bars are as high as their part of the highest, and what is not nothing can be seen", () => {
  assert.deepEqual(heights(months(50, 100, 0, 1)), [50, 100, 0, 2]);
  assert.deepEqual(heights(months(0, 0)), [0, 0]);
});

test("a month is the one in UTC, wherever the reader is", () => {
  assert.equal(monthOf("2025-01"), "01/2025");
});

test("the picture says the most and the current month, and a table says each, the newest first", () => {
  const node = monthsPicture(months(5, 1024, 0, 842));
  const picture = all(node).find((each) => each.getAttribute("role") === "img");
  assert.equal(picture.ariaLabel, `${t.months.title(4)}: Most in 02/2025: 1,024. This month so far: 842.`);
  assert.deepEqual(rowsOf(node), ["04/2025, so far842", "03/20250", "02/20251,024", "01/20255"]);
  assert.ok(!node.textContent.includes(t.months.cut));
});

test("a sum without the accounts used least says so, wherever it is named", () => {
  const node = monthsPicture(months(5, 7).map((month) => ({ ...month, complete: month.used === 5 })));
  assert.ok(node.textContent.includes(t.months.cut));
  assert.equal(rowsOf(node)[0], "02/2025, so farat least 7");
  assert.ok(node.textContent.includes("Most in 02/2025: at least 7."));
});

test("a month before the account was added is no month without use", () => {
  const rows = rowsOf(monthsPicture(months(0, 4, 0, 0, 3), "2025-04"));
  const { notAdded } = t.months;
  assert.deepEqual(rows, ["05/2025, so far3", "04/20250", `03/2025${notAdded}`, "02/20254", `01/2025${notAdded}`]);
});

test("an organization that used nothing is told so", () => {
  assert.ok(monthsPicture(months(0, 0)).textContent.includes(t.months.nothing));
});

const USAGE = { free_interactions: 1000, resets_at: "2026-02-01T00:00:00Z" };

for (const [name, answer, isShown] of [
  ["the API adds up", () => Response.json({ items: months(1, 2) }), true],
  ["an older API does not know", () => Response.json({ title: "No such path" }, { status: 404 }), false],
])
  test(`what ${name} is ${isShown ? "shown" : "left out"}`, async () => {
    globalThis.fetch = async (address) => {
      const { pathname } = new URL(address);
      if (pathname.endsWith("/usage/months")) return answer();
      if (pathname.endsWith("/webhook")) return Response.json({ title: "No webhook" }, { status: 404 });
      return Response.json({ accounts: { total: 0, by_status: {} }, ...USAGE, items: [], next_cursor: null });
    };
    const view = new AbortController();
    const main = opened(organization, view.signal);
    await soon(80);
    view.abort();
    assert.equal(main.textContent.includes(t.organization.usageByMonth), isShown);
    assert.equal(textOf(main, "months-bars") !== undefined, isShown);
    assert.ok(!main.textContent.includes(t.actions.retry));
  });

const ACCOUNT = {
  ...{ account_id: "a", name: "A", provider_id: "123456789012", access_type: "assume_role", version: 1, regions: [] },
  ...{ status: "confirmed", issues: [], capabilities: {}, created_at: "2025-01-01T00:00:00Z", verification: null },
};

for (const [whose, view, path] of [
  ["an organization", organization, "/usage/months"],
  ["an account", overview, "/a/usage"],
])
  test(`the current month of ${whose} is read again, and the table of its months stays open`, async () => {
    let used = 2;
    globalThis.fetch = async (address) => {
      const { pathname } = new URL(address);
      const items = months(1, used);
      if (pathname.endsWith(path)) return Response.json({ ...USAGE, items, months: items, used, remaining: 9 });
      if (pathname.endsWith("/webhook")) return Response.json({ title: "No webhook" }, { status: 404 });
      if (pathname.endsWith("/a")) return Response.json(ACCOUNT);
      return Response.json({ accounts: { total: 0, by_status: {} }, ...USAGE, items: [], next_cursor: null });
    };
    const leaving = new AbortController();
    const main = opened(view, leaving.signal);
    const details = () => main.querySelector(".months details");
    await until(details);
    details().open = true;
    used = 3;
    readNow();
    await until(() => details().textContent.includes(`${t.months.soFar("02/2025")}3`));
    leaving.abort();
    assert.equal(details().open, true);
  });
