// The columns of the list: which the address names, what is in those that are not usual, and how much room they need.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { button, press, toasts } from "./drawn.mjs";
import { account, opening, queryOf, shownAs } from "./listed.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const { SLOW_AFTER_MS } = await import(`${page}/lib/ui.js`);
const { columnsIn, namedBy, roomOf } = await import(`${page}/views/columns.js`);
const { t } = await import(`${page}/views/texts.js`);

const USUAL = ["name", "status", "account", "capabilities", "tested", "next", "test"];
const NAMES = [...USUAL, "template_version", "write_logs", "regions", "enrollment_id"].concat(
  "next_verification_at",
  "created_at",
);
const MORE = {
  ...{ write_logs: false, regions: ["eu-west-1", "us-east-1"], enrollment_id: "01JN8Q5M3C0000000000000010" },
  ...{ template: { version: 2, outdated: true }, created_at: "2020-01-01T10:00:00Z", next_verification_at: null },
};
const THREE = ["eu-west-1", "us-east-1", "us-west-2"];
const items = [account("a", MORE), account("b", { regions: THREE })];
let asked;

beforeEach(() => {
  asked = [];
  globalThis.fetch = async (address) => {
    if (String(address).includes("/organization"))
      return Response.json({ accounts: { total: 2, by_status: { failed: 2 } } });
    asked.push(queryOf(address));
    return Response.json({ items, next_cursor: null });
  };
});

async function opened(search) {
  const main = opening(search);
  await until(() => row(main, "a"));
  return main;
}

const row = (main, id) => main.querySelectorAll(".account-row").find(({ dataset }) => dataset.id === id);
const cells = (main, id) => row(main, id).children.map(({ textContent }) => textContent);
const titled = (...names) => names.map((name) => t.list.columns[name] ?? t.columns.others[name]);
const boxes = (main) => main.querySelectorAll(".column-choice input");
const named = (each) => NAMES.find((name) => titled(name)[0] === each.closest("label").textContent);
const box = (main, name) => boxes(main).find((each) => named(each) === name);
// A head that sorts has its text twice: in the button, and where the button is not.
const said = (main) => main.querySelectorAll("[role=columnheader]").map((head) => head.children.at(-1).textContent);

async function choosing(main) {
  press(button(main, t.list.chooseColumns));
  await until(() => boxes(main).length);
}
async function check(main, name, isOn) {
  box(main, name).checked = isOn;
  box(main, name).dispatchEvent(new Event("change"));
  await soon();
}

for (const [text, columns] of [
  ["", USUAL],
  ["splendid", USUAL],
  ["name", ["name"]],
  ["test status", ["name", "status", "test"]],
  ["status,splendid,<b>,constructor,status", ["name", "status"]],
  ["regions+write_logs", ["name", "write_logs", "regions"]],
])
  test(`columns=${text} names columns, in the list's order`, () => {
    assert.deepEqual(columnsIn(text, USUAL), columns);
  });

test("the address says what the usual columns are not, and leads to the same ones", () => {
  assert.equal(namedBy(columnsIn(USUAL.join(" "), USUAL), USUAL), "");
  for (const text of ["name", "name status regions test"]) assert.equal(namedBy(columnsIn(text, USUAL), USUAL), text);
});

const styles = readFileSync(new URL(`${page}/style.css`, import.meta.url), "utf8");

test("the usual columns have the room that the styles give them", () => {
  const [, template] = /\.account-table \{[^}]*--columns: ([^;]+);/.exec(styles);
  const rooms = [...template.matchAll(/([\d.]+)rem/g)].map(([, rem]) => Number(rem));
  const sum = rooms.reduce((all, rem) => all + rem);
  assert.equal(roomOf(USUAL), sum + 6 * 0.75 + 1.5);
  assert.deepEqual(
    rooms.map((rem) => rem + 1.5),
    USUAL.map((name) => roomOf([name])),
  );
  const [, ems] = /@container list \(max-width: ([\d.]+)em\)/.exec(styles);
  assert.ok(Math.abs(ems * 0.875 - 58) < 0.001, "the usual columns break at 58rem");
});

test("beside the usual columns two others have room in a window of 1,280 pixels that scrolls", () => {
  const room = (1280 - 15 - 2) / 16 - 13 - 2 * 1.5;
  const others = Object.keys(t.columns.others).filter((name) => name !== "write_logs");
  for (const other of others) {
    const all = columnsIn([...USUAL, "write_logs", other].join(" "), USUAL);
    assert.equal(all.length, 9);
    assert.ok(roomOf(all) <= room, `${other}: ${roomOf(all)} of ${room}`);
  }
});

test("a name has 6rem at least beside its checkbox", () => {
  const rem = (pattern) => Number(pattern.exec(styles)[1]);
  const gap = rem(/\.cell-name:has\(\.choose\) \{[^}]*gap: ([\d.]+)rem;/);
  const [width, margin] = ["width", "margin"].map((name) => rem(RegExp(`\\.choose \\{[^}]*${name}: ([\\d.]+)rem;`)));
  assert.ok(roomOf(["name"]) - 1.5 - width - 2 * margin - gap >= 6);
});

test("a list without accounts awaits no columns", async (context) => {
  const sheets = [];
  context.mock.method(document.head, "append", (sheet) => sheets.push(sheet));
  items.splice(0);
  context.after(() => items.push(account("a", MORE), account("b", { regions: THREE })));
  const main = opening("columns=name+regions");
  await until(() => main.textContent.includes(t.list.empty.title));
  assert.equal(main.querySelector(".list-foot").hidden, false);
  await until(() => sheets.length);
  sheets[0].dispatchEvent(new Event("error"));
});

test("an address without columns has the usual ones, and loads no others", async () => {
  const main = await opened();
  assert.deepEqual(said(main), titled(...USUAL));
  assert.equal(boxes(main).length, 0);
});

for (const [what, end] of [
  ["are there", (sheet) => sheet.dispatchEvent(new Event("load"))],
  ["take long", (_, slow) => slow.forEach((work) => work())],
])
  test(`an address with columns shows no rows before they ${what}`, async (context) => {
    const { setTimeout: really } = globalThis;
    const [sheets, slow] = [[], []];
    context.mock.method(document.head, "append", (sheet) => sheets.push(sheet));
    context.mock.method(globalThis, "setTimeout", (work, wait) =>
      wait === SLOW_AFTER_MS ? slow.push(work) : really(work, wait),
    );
    const main = opening("columns=name+regions");
    await until(() => asked.length && sheets.length);
    await soon(20);
    const waits = () => main.querySelectorAll(".skeleton-row").length > 0;
    const [table, foot] = [".account-table", ".list-foot"].map((name) => main.querySelector(name));
    assert.deepEqual(
      [waits(), table.getAttribute("aria-busy"), foot.hidden, row(main, "a")],
      [true, "true", true, undefined],
    );
    assert.match(table.style["--columns"] ?? "", /minmax/, "what the sheet needs as it comes");
    end(sheets[0], slow);
    await until(() => row(main, "a"));
    assert.deepEqual([waits(), table.getAttribute("aria-busy"), foot.hidden], [false, "false", false]);
    sheets[0].dispatchEvent(new Event("load"));
    await until(() => said(main).length === 2);
    assert.equal(cells(main, "a").length, 2);
    // The next list asks for it again.
    sheets[0].dispatchEvent(new Event("error"));
  });

test("an address with columns shows them, and asks the API for nothing else", async () => {
  const main = await opened("status=failed&columns=status+regions+write_logs+enrollment_id+template_version");
  await until(() => said(main).length === 6);
  const shown = ["name", "status", "template_version", "write_logs", "regions", "enrollment_id"];
  assert.deepEqual(said(main), titled(...shown));
  assert.deepEqual(
    cells(main, "a").slice(2),
    [t.columns.version(2, true), t.no, "eu-west-1, us-east-1", t.columns.enrolled].map(
      (text, index) => `${titled(...shown)[index + 2]}: ${text}`,
    ),
  );
  assert.deepEqual(
    new Set(
      cells(main, "b")
        .slice(2)
        .map((text) => text.split(": ")[1]),
    ),
    new Set([t.no, t.list.none, `${THREE[0]}${t.columns.moreRegions(2)}, ${THREE[1]}, ${THREE[2]}`]),
  );
  const link = row(main, "a").querySelectorAll("a").at(-1);
  assert.equal(link.href, `#/enrollments/${MORE.enrollment_id}`);
  assert.equal(main.querySelector(".account-table").getAttribute("aria-colcount"), "6");
  assert.ok(asked.every((query) => JSON.stringify(query) === '{"status":"failed"}'));
});

test("names of the address that no column has are left out of it, which is said", async () => {
  toasts.replaceChildren();
  const main = await opened("columns=nonsense+status+Regions");
  assert.deepEqual([said(main), shownAs], [titled("name", "status"), "#/accounts?columns=name+status"]);
  assert.equal(toasts.textContent.trim(), t.list.unknownFilters("columns=nonsense Regions"));
  toasts.replaceChildren();
  await opened("columns=name+status");
  assert.equal(toasts.textContent, "");
});

test("an unknown name leaves the address with the next filter", async () => {
  const main = await opened("status=failed&columns=nonsense+regions");
  await until(() => said(main).length === 2);
  main.querySelectorAll(".filters input")[0].dispatchEvent(new Event("change"));
  await soon(30);
  assert.equal(shownAs, "#/accounts?columns=name+regions");
});

test("an early press on the button draws the columns only once", async () => {
  const main = opening("columns=name+regions");
  const place = main.querySelector(".column-choice");
  let drawn = 0;
  place.replaceChildren = (...children) => {
    drawn += 1;
    Object.getPrototypeOf(place).replaceChildren.apply(place, children);
  };
  press(button(main, t.list.chooseColumns));
  await until(() => said(main).length === 2 && boxes(main).length);
  await soon(20);
  assert.equal(drawn, 1);
});

test("what is chosen is shown at once, and lives in the address beside the filters", async () => {
  const main = await opened("status=failed");
  await choosing(main);
  assert.deepEqual(
    boxes(main).flatMap((each) => (each.checked ? named(each) : [])),
    USUAL.slice(1),
  );
  await check(main, "capabilities", false);
  await check(main, "created_at", true);
  const columns = ["name", "status", "account", "tested", "created_at", "next", "test"];
  assert.deepEqual(said(main), titled(...columns));
  assert.equal(cells(main, "b").length, 7);
  assert.equal(shownAs, `#/accounts?status=failed&columns=${columns.join("+")}`);
  press(button(main, t.list.chooseColumns));
  assert.equal(main.querySelector(".column-choice").hidden, true);
  main.querySelectorAll(".filters input")[0].dispatchEvent(new Event("change"));
  await soon(30);
  assert.equal(shownAs, `#/accounts?columns=${columns.join("+")}`, "another filter keeps them");
});

test("all but the name can be left out, and the usual ones come back", async () => {
  const main = await opened("columns=name+status");
  await choosing(main);
  await check(main, "status", false);
  assert.deepEqual([said(main), shownAs], [titled("name"), "#/accounts?columns=name"]);
  press(main.querySelector(".column-choice button"));
  await soon();
  assert.deepEqual([said(main), shownAs], [titled(...USUAL), "#/accounts"]);
  assert.ok(boxes(main).every((each) => each.checked === USUAL.includes(named(each))));
});

test("a column that sorts keeps its order, and says it once it is shown again", async () => {
  const main = await opened("sort=status&columns=name");
  const ways = () => main.querySelectorAll("[role=columnheader]").map((each) => each.getAttribute("aria-sort"));
  await until(() => said(main).length === 1);
  assert.deepEqual(ways(), [null]);
  await choosing(main);
  await check(main, "status", true);
  assert.deepEqual(ways(), [null, "ascending"]);
});
