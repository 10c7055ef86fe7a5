// The view of an account's health: what it reads, and what it says of it.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { opened, press, signIn } from "./drawn.mjs";
import { soon } from "./soon.mjs";

globalThis.window = { addEventListener() {} };
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { readNow } = await import(`${page}/lib/dom.js`);
const { health } = await import(`${page}/views/health.js`);
const { changes } = await import(`${page}/views/tests.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const DAY = 86_400_000;
const NOW = Date.now();
const ago = (days) => new Date(NOW - days * DAY).toISOString();
const step = (name, verdict, more = {}) => ({
  ...{
    step: name,
    group: name.split(":")[0],
    evidence: "live",
    region: "us-east-1",
    resources: null,
    verdict,
    ok: verdict === "skipped" ? null : verdict !== "denied",
    reason: null,
  },
  ...more,
});
const GOOD = [
  step("sts:AssumeRole", "allowed"),
  step("ec2:StopInstances", "allowed"),
  step("ec2:StartInstances", "allowed"),
];
const tested = (id, days, outcome = "confirmed", steps = GOOD) => ({
  ...{ verification_id: id, account_id: "a", trigger: "scheduled", state: "finished", outcome, steps },
  ...{ started_at: ago(days), finished_at: ago(days), unchanged: null },
});
const REACHABLE = ["us-east-1", "eu-west-1"].map((region) => ({ region, status: "reachable", reason: null }));
const STATEMENT = { Effect: "Allow", Action: ["ec2:StopInstances", "ec2:StartInstances"], Resource: "*" };
const CATALOG = { groups: [], policy_document: { Statement: [STATEMENT] } };
/** What the API answers, the tests with the newest first, and what was asked for of them. */
let account, tests, asked, view;

beforeEach(() => {
  store.forget();
  asked = [];
  account = {
    ...{ account_id: "a", name: "A", provider_id: "123456789012", access_type: "assume_role", version: 1 },
    ...{ status: "confirmed", issues: [], capabilities: {}, testing: false, created_at: ago(200), verification: null },
  };
  globalThis.fetch = async (address) => {
    const { pathname, searchParams } = new URL(address);
    const one = tests.find(({ verification_id: id }) => pathname.endsWith(`/verifications/${id}`));
    if (one) return Response.json(one);
    if (pathname.endsWith("/permissions")) return Response.json(CATALOG);
    if (pathname.includes("/verifications/")) return Response.json({ title: "Gone" }, { status: 404 });
    if (!pathname.endsWith("/verifications")) return Response.json(account);
    const from = Number(searchParams.get("cursor") ?? 0);
    asked.push(from);
    const to = from + Number(searchParams.get("limit"));
    return Response.json({ items: tests.slice(from, to), next_cursor: to < tests.length ? String(to) : null });
  };
});
afterEach(() => view.abort());

async function shown() {
  view = new AbortController();
  const main = opened(health, view.signal);
  await soon(60);
  return main;
}

async function turns(changed) {
  account = { ...account, ...changed, version: account.version + 1 };
  readNow();
  await soon(40);
}

test("the share of the time of which something is known is said, and each state has its word", async () => {
  // 24 hours, and 26 after the last test.
  tests = [tested("2", 9, "failed"), tested("1", 10)];
  const main = await shown();
  const said = `${t.health.connected("48%")} ${t.health.known(2)}`;
  assert.ok(main.textContent.includes(said), main.textContent);
  assert.equal(main.querySelector(".ribbon").getAttribute("aria-label"), `${t.health.title(90)}: ${said}`);
  assert.equal(main.querySelectorAll(".ribbon .ribbon-day").length, 90);
  const legend = main.querySelectorAll(".legend li").map(({ textContent }) => textContent);
  const { confirmed, failed, unknown } = t.health.states;
  assert.deepEqual(legend, [confirmed, failed, unknown]);
  assert.ok(main.querySelectorAll("tr").length >= 2);
});

test("each day of the ribbon is at its place, the oldest first", async () => {
  // Noon, so that a test and the 26 hours after it are of two days.
  const noon = new Date().setHours(12, 0, 0, 0);
  const back = (days) => ({ finished_at: new Date(noon - days * DAY).toISOString() });
  tests = [
    { ...tested("2", 0, "failed"), ...back(10) },
    { ...tested("1", 0), ...back(20) },
  ];
  const days = (await shown()).querySelectorAll(".ribbon .ribbon-day").map((day) => day.getAttribute("class"));
  const at = (state) => days.flatMap((each, index) => (each.includes(`ribbon-${state}`) ? [89 - index] : []));
  assert.deepEqual(
    [at("confirmed"), at("failed")],
    [
      [20, 19],
      [10, 9],
    ],
  );
});

test("the table behind the ribbon stays open when the share changes with time", async (context) => {
  tests = [tested("2", 0.1, "failed"), tested("1", 1.1)];
  const main = await shown();
  main.querySelector("details").open = true;
  const said = () => main.querySelector(".ribbon").getAttribute("aria-label");
  const before = said();
  context.mock.method(Date, "now", () => NOW + 3_600_000);
  await turns({});
  assert.notEqual(said(), before);
  assert.equal(main.querySelector("details").open, true);
});

test("where no test came to a verdict, nothing is claimed", async () => {
  tests = [];
  const main = await shown();
  assert.ok(main.textContent.includes(t.health.nothing));
  assert.deepEqual(
    main.querySelectorAll(".legend li").map(({ textContent }) => textContent),
    [t.health.states.unknown],
  );
  assert.ok(main.textContent.includes(t.health.noBreaks));
});

test("a break says what changed, and leads to it", async () => {
  const broken = [
    step("sts:AssumeRole", "denied", { reason: "role_not_assumable" }),
    ...["ec2:StopInstances", "ec2:StartInstances"].map((name) => step(name, "skipped", { reason: "not_entered" })),
  ];
  tests = [tested("3", 1), tested("2", 2, "failed", broken), tested("1", 3)];
  const main = await shown();
  const [row] = main.querySelectorAll(".break");
  assert.equal(main.querySelectorAll(".break").length, 1);
  assert.ok(row.textContent.startsWith(t.outcome.failed) && row.textContent.includes(` ${t.health.until} `));
  const changed = row.querySelectorAll("li").map(({ textContent }) => textContent);
  const name = t.permissionNames["sts:AssumeRole"];
  const { allowed, denied } = t.verdicts;
  assert.deepEqual(changed, [`${t.health.change(name, allowed, denied)} · ${t.reasons.role_not_assumable}`]);
  assert.equal(row.querySelector("a").href, "#/accounts/a/tests/2/since/1");
});

test("of many changes the refused ones come first, and the others are counted", async () => {
  const steps = ["a", "b", "c", "d"].map((name) => step(`ec2:${name}`, "inconclusive", { ok: null }));
  tests = [tested("2", 1, "degraded", [...steps, step("ec2:StopInstances", "denied")]), tested("1", 2)];
  const [row] = (await shown()).querySelectorAll(".break");
  const changed = row.querySelectorAll("li").map(({ textContent }) => textContent);
  assert.ok(changed[0].startsWith(t.permissionNames["ec2:StopInstances"]), changed[0]);
  assert.deepEqual([changed.length, changed[3]], [4, t.health.more(2)]);
  assert.ok(row.textContent.includes(t.health.open));
});

test("a region that begins to refuse is what changed", async () => {
  const [us, eu] = REACHABLE;
  const refused = { ...eu, status: "refused", reason: "service_control_policy" };
  tests = [
    { ...tested("2", 1, "degraded"), region_health: [us, refused] },
    { ...tested("1", 2), region_health: REACHABLE },
  ];
  const [row] = (await shown()).querySelectorAll(".break");
  const changed = row.querySelectorAll("li").map(({ textContent }) => textContent);
  const { service_control_policy: why } = t.regions.reasons;
  assert.deepEqual(changed, [`${t.health.change("eu-west-1", "answers", "refused")} · ${why}`]);
  // What the link leads to says the same.
  const compared = opened(changes, view.signal, { test: "2", earlier: "1" });
  await soon(60);
  const said = compared.querySelectorAll(".change").map(({ textContent }) => textContent);
  assert.equal(said.length, 1);
  const { reachable, refused: word } = t.regions.status;
  for (const part of ["eu-west-1", reachable, word, why]) assert.ok(said[0].includes(part), said[0]);
});

test("where no permission and no region is worse, that is said, and no list is empty", async () => {
  tests = [tested("2", 1, "degraded"), tested("1", 2)];
  const [row] = (await shown()).querySelectorAll(".break");
  assert.ok(row.textContent.includes(t.health.noneWorse));
  assert.equal(row.querySelectorAll("ul").length, 0);
});

test("what followed a break is named if it is not as good as before", async () => {
  tests = [tested("4", 1), tested("3", 2, "degraded"), tested("2", 3, "failed"), tested("1", 4)];
  const heads = (await shown()).querySelectorAll(".break-head").map(({ textContent }) => textContent);
  assert.equal(heads.length, 1);
  assert.ok(heads[0].endsWith(t.health.then.degraded), heads[0]);
});

test("that a person revoked its use is told among the breaks", async () => {
  tests = [tested("1", 2)];
  const status_changes = [{ on: ago(1).slice(0, 10), before: "confirmed" }];
  const issues = [{ code: "revoked", message: "Revoked.", remedy: "Test it.", severity: "problem" }];
  account = { ...account, status: "unconfirmed", status_changes, issues, updated_at: ago(1) };
  const main = await shown();
  const [row] = main.querySelectorAll(".break");
  assert.ok(row.textContent.includes(t.health.revoked) && row.textContent.includes(t.health.open), row.textContent);
  assert.equal(row.querySelector("a").href, "#/accounts/a/audit");
  // A person's test ended that. Which act it was is in the audit trail.
  tests = [tested("2", 0), ...tests];
  const since = [...status_changes, { on: ago(0).slice(0, 10), before: "unconfirmed" }];
  account = { ...account, status: "confirmed", status_changes: since, issues: [], version: 2 };
  store.put({ ...account, verification: { verification_id: "2", outcome: "confirmed", finished_at: ago(0) } });
  await soon(60);
  const [later] = main.querySelectorAll(".break");
  assert.ok(later.textContent.includes(t.health.endedByPerson) && later.textContent.includes(t.health.until));
});

test("an account that waits for its changed role was not down, and nothing broke", async () => {
  tests = [tested("3", 1, "failed"), tested("2", 1.5, "failed"), tested("1", 40)];
  const issues = [{ code: "role_not_assumable", message: "Refused.", remedy: "Deploy it.", severity: "problem" }];
  const status_changes = [{ on: ago(30).slice(0, 10), before: "confirmed" }];
  account = { ...account, status: "unconfirmed", status_changes, issues, updated_at: ago(1) };
  const main = await shown();
  assert.ok(main.textContent.includes(t.health.connected("100%")));
  assert.ok(main.querySelectorAll(".ribbon-notThereYet").length && !main.querySelector(".ribbon .ribbon-failed"));
  const breaks = main.querySelectorAll(".break").map(({ textContent }) => textContent);
  assert.ok(breaks.length === 1 && breaks[0].includes(t.health.endedByPerson), breaks.join());
});

test("as many pages are read as the days have, and after that the first one alone", async () => {
  // One a day, oldest last; more are older than is shown.
  tests = Array.from({ length: 130 }, (_, index) => tested(`v${index}`, index + 0.5));
  const main = await shown();
  assert.deepEqual(asked, [0, 25, 50, 75]);
  assert.ok(main.textContent.includes(t.health.connected("100%")));
  assert.ok(!main.textContent.includes(t.health.cut));
  const nodes = [main.querySelector(".ribbon"), main.querySelector("details")];
  await turns({ verification: { verification_id: "v0", outcome: "confirmed", finished_at: ago(0) } });
  assert.deepEqual([...new Set(asked.slice(4))], [0]);
  // What is found again is not drawn anew.
  assert.ok(nodes.every((node) => main.querySelector(".ribbon") === node || main.querySelector("details") === node));
});

test("of more tests than are read, the time before them is not known, and that is said", async () => {
  tests = Array.from({ length: 700 }, (_, index) => tested(`v${index}`, index / 10, "failed"));
  account = { ...account, status: "failed", created_at: ago(80) };
  const main = await shown();
  assert.equal(asked.length, 20);
  assert.ok(main.textContent.includes(t.health.cut));
  // Nobody knows whether it was connected before.
  assert.ok(main.textContent.includes(t.health.atFirst));
  assert.equal(t.health.atFirst.includes("kept"), false, "older tests may be kept and are not read");
});

test("of many breaks some are drawn at once, the newest first, and those that are there stay", async () => {
  tests = Array.from({ length: 500 }, (_, index) =>
    tested(`v${index}`, (index + 1) / 6, index % 2 ? "confirmed" : "failed"),
  );
  const main = await shown();
  const rows = () => main.querySelectorAll(".break");
  const before = rows();
  assert.equal(before.length, 20);
  assert.equal(before[0].querySelector("a").href, "#/accounts/a/tests/v0/since/v1");
  const more = () => main.querySelectorAll(".more button").find((each) => each.textContent === t.actions.showMore);
  const button = more();
  asked.length = 0;
  readNow();
  await soon();
  assert.ok(asked.length && more() === button, "another read leaves the button as it is");
  press(button);
  assert.deepEqual(rows().slice(0, 20), before);
  assert.equal(rows().length, 40);
  assert.equal(document.activeElement, rows()[20]);
  while (more()) press(more());
  assert.equal(rows().length, 250);
});

test("what is not there yet is said not to count, and only where there is such a time", async () => {
  tests = [tested("2", 8), tested("1", 9, "failed")];
  account = { ...account, created_at: ago(10) };
  const said = async () => (await shown()).querySelector(".ribbon").getAttribute("aria-label");
  assert.ok((await said()).endsWith(`${t.health.connected("100%")} ${t.health.known(1)} ${t.health.notCounted}`));
  view.abort();
  store.forget();
  account = { ...account, created_at: ago(200) };
  assert.ok((await said()).endsWith(t.health.known(2)));
});

test("a test has the time that the views have which its links open", async () => {
  const [ended, begun] = [1, 2].map((days) => ({ ...tested(`${days}`, days), started_at: ago(days + 0.1) }));
  tests = [ended, { ...begun, outcome: "failed" }, tested("3", 3)];
  account = {
    ...account,
    verification: { verification_id: "1", outcome: "confirmed", finished_at: ended.finished_at },
  };
  const times = (await shown()).querySelectorAll("time").map((time) => time.getAttribute("datetime"));
  assert.deepEqual(times, [begun.started_at, ended.started_at, ended.started_at]);
});

test("a test that ends is shown at once", async () => {
  tests = [tested("1", 1)];
  const main = await shown();
  assert.ok(!main.querySelector(".break"));
  tests = [tested("2", 0.01, "failed"), ...tests];
  // The account is read more often than its tests.
  const verification = { verification_id: "2", outcome: "failed", finished_at: ago(0.01) };
  store.put({ ...account, version: 2, status: "failed", verification });
  await soon(40);
  assert.equal(main.querySelectorAll(".break").length, 1);
});

test("an account that could not be entered yet was not down", async () => {
  tests = [tested("2", 1, "failed"), tested("1", 2, "failed")];
  const issues = [{ code: "role_not_assumable", message: "Refused.", remedy: "Deploy it.", severity: "problem" }];
  account = { ...account, status: "unconfirmed", issues, created_at: ago(3) };
  const main = await shown();
  assert.ok(main.textContent.includes(t.health.nothing));
  assert.ok(main.querySelectorAll(".ribbon-notThereYet").length);
  assert.ok(!main.querySelector(".break"));
});

// ---- permissions by region -----------------------------------------------------------------------

const DENIED = [
  step("ec2:StartInstances", "allowed"),
  step("ec2:StopInstances", "denied", { reason: "identity_policy", error_code: "UnauthorizedOperation" }),
];
/** The account after a test that found these steps. */
function found(steps, more = {}) {
  tests = [{ ...tested("1", 0.1, "degraded", steps), region_health: REACHABLE, ...more }];
  const verification = { verification_id: "1", outcome: "degraded", finished_at: ago(0.1) };
  account = { ...account, status: "degraded", capabilities: { ec2: "partial" }, verification };
}
const cellsOf = (main) => main.querySelectorAll(".map td");
const labels = (main) => cellsOf(main).map((cell) => cell.getAttribute("aria-label"));
const said = (name, region, state) => t.map.cell(t.permissionNames[name], region, t.map.states[state]);

test("each permission has a cell for each region, which says what is known there", async () => {
  found(DENIED);
  const main = await shown();
  assert.deepEqual(labels(main), [
    said("ec2:StartInstances", "us-east-1", "proved"),
    said("ec2:StartInstances", "eu-west-1", "predicted"),
    said("ec2:StopInstances", "us-east-1", "denied"),
    said("ec2:StopInstances", "eu-west-1", "refusedElsewhere"),
  ]);
  const legend = main.querySelectorAll(".legend li").map(({ textContent }) => textContent);
  assert.ok(legend.some((text) => text.includes(t.map.means.predicted)));
  assert.ok(!legend.some((text) => text.includes(t.map.means.partial)));
});

test("a click, or Enter, shows on what a cell rests, and what to copy", async () => {
  found(DENIED);
  const main = await shown();
  const evidence = () => main.querySelector(".map-evidence").textContent;
  assert.equal(evidence(), "");
  press(cellsOf(main)[3]);
  assert.ok(evidence().includes(said("ec2:StopInstances", "eu-west-1", "refusedElsewhere")));
  assert.ok(evidence().includes(t.map.whys.carriedFrom("us-east-1")));
  assert.ok(evidence().includes(t.reasons.identity_policy) && evidence().includes("UnauthorizedOperation"));
  assert.ok(evidence().includes(t.map.fix) && evidence().includes('"Action": "ec2:StopInstances"'));
  assert.equal(cellsOf(main)[3].getAttribute("aria-selected"), "true");
  const grid = main.querySelector(".map");
  const keys = (...names) =>
    names.forEach((key) => grid.dispatchEvent(Object.assign(new Event("keydown", { cancelable: true }), { key })));
  // From the cell that was clicked.
  keys("ArrowUp", "Enter");
  assert.ok(evidence().includes(said("ec2:StartInstances", "eu-west-1", "predicted")), evidence());
  keys("ArrowLeft", " ");
  assert.ok(evidence().includes(said("ec2:StartInstances", "us-east-1", "proved")), evidence());
  assert.ok(evidence().includes(t.map.whys.tried) && !evidence().includes(t.map.fix));
  assert.equal(cellsOf(main)[3].getAttribute("aria-selected"), "false");
});

test("a statement for a role that a stack makes leads to that stack, as the issues of its account do", async () => {
  const stack_url = "https://us-east-1.console.aws.amazon.com/cloudformation/home?region=us-east-1#/stacks";
  const allow = (action) => JSON.stringify({ Effect: "Allow", Action: action, Resource: "*" });
  for (const [action, url, isLinked] of [
    ["ec2:StopInstances", stack_url, true],
    ["ec2:StartInstances", stack_url, true],
    ["ec2:StopInstances", null, false],
  ]) {
    store.forget();
    found(DENIED);
    const fix = { policy_statement: allow(action), cli: null, console_url: null, stack_url: url };
    account = { ...account, issues: [{ code: "permission_lost", message: action, remedy: "Allow it.", fix }] };
    const main = await shown();
    press(cellsOf(main)[3]);
    const evidence = main.querySelector(".map-evidence");
    assert.ok(evidence.textContent.includes(t.map.fix));
    assert.equal(evidence.textContent.includes(t.fix.stack), isLinked);
    view.abort();
  }
});

test("where nothing can be copied, only the link to the console is offered", async () => {
  found([step("ec2:StopInstances", "denied", { reason: "explicit_deny" })]);
  const fix = { policy_statement: null, cli: null, console_url: "https://console.aws.amazon.com/iam/home" };
  const message = "ec2:StopInstances is denied explicitly.";
  account = { ...account, issues: [{ code: "permission_lost", message, remedy: "Narrow it.", fix }] };
  const main = await shown();
  press(cellsOf(main)[0]);
  const evidence = main.querySelector(".map-evidence").textContent;
  assert.ok(evidence.includes(t.fix.console) && !evidence.includes(t.map.fix), evidence);
});

test("what was chosen stays so when a later test is shown", async () => {
  found(DENIED);
  const main = await shown();
  press(cellsOf(main)[2]);
  tests = [{ ...tested("2", 0.01, "confirmed", GOOD), region_health: REACHABLE }, ...tests];
  const verification = { verification_id: "2", outcome: "confirmed", finished_at: ago(0.01) };
  store.put({ ...account, version: 2, status: "confirmed", verification });
  await soon(60);
  const evidence = main.querySelector(".map-evidence").textContent;
  assert.ok(evidence.includes(said("ec2:StopInstances", "us-east-1", "proved")), evidence);
  const [chosen] = cellsOf(main).filter((cell) => cell.getAttribute("aria-selected") === "true");
  assert.equal(chosen.getAttribute("aria-label"), said("ec2:StopInstances", "us-east-1", "proved"));
});

test("the cursor stays where it was moved, although nothing was chosen", async () => {
  found(DENIED);
  const main = await shown();
  const cursor = () => {
    const grid = main.querySelector(".map");
    const id = grid.getAttribute("aria-activedescendant");
    return cellsOf(main)
      .find((cell) => cell.id === id)
      .getAttribute("aria-label");
  };
  for (const key of ["ArrowDown", "ArrowRight"])
    main.querySelector(".map").dispatchEvent(Object.assign(new Event("keydown", { cancelable: true }), { key }));
  tests = [{ ...tested("2", 0.01, "confirmed", DENIED), region_health: REACHABLE }, ...tests];
  const verification = { verification_id: "2", outcome: "confirmed", finished_at: ago(0.01) };
  const before = main.querySelector(".map");
  store.put({ ...account, version: 2, status: "confirmed", verification });
  await soon(60);
  assert.notEqual(main.querySelector(".map"), before);
  assert.equal(cursor(), said("ec2:StopInstances", "eu-west-1", "refusedElsewhere"));
  assert.equal(main.querySelector(".map-evidence").textContent, "");
});

test("of an account that has changed since, it is said to be of then, and nothing is to be mended", async () => {
  found(DENIED);
  account = { ...account, status: "unconfirmed" };
  const main = await shown();
  press(cellsOf(main)[2]);
  assert.ok(main.textContent.includes(t.map.then));
  const evidence = main.querySelector(".map-evidence");
  assert.ok(!evidence.textContent.includes(t.map.fix));
  assert.ok(evidence.querySelectorAll(".step-remedy").every(({ hidden }) => hidden));
});

test("where there is no test, none that is kept, or none that entered, that is said", async () => {
  tests = [];
  assert.ok((await shown()).textContent.includes(t.map.noTest));
  view.abort();
  account = { ...account, verification: { verification_id: "gone", outcome: "confirmed", finished_at: ago(100) } };
  store.forget();
  assert.ok((await shown()).textContent.includes(t.map.noTest));
  view.abort();
  store.forget();
  found(DENIED.map((each) => ({ ...each, verdict: "skipped", reason: "not_entered" })));
  const main = await shown();
  assert.ok(main.textContent.includes(t.reasons.not_entered) && !main.querySelector(".map"));
});

test("without the catalog there is the map all the same", async () => {
  found(DENIED);
  const { fetch } = globalThis;
  globalThis.fetch = async (address) =>
    String(address).includes("/permissions") ? Response.json({ title: "No" }, { status: 403 }) : fetch(address);
  const main = await shown();
  press(cellsOf(main)[2]);
  assert.ok(!main.querySelector(".map-evidence").textContent.includes(t.map.fix));
});
