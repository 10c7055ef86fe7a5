// How far a connection is, what a listing tells, and what names suggest.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./drawn.mjs";

const page = "../../../functions/dashboard/static";
const { foundOf, primaryOf, suggestionFor, waysOf } = await import(`${page}/lib/connecting.js`);
const { diagram } = await import(`${page}/lib/diagram.js`);
const { KINDS } = await import(`${page}/views/kinds.js`);

const role = { access_type: "assume_role", status: "unconfirmed", issues: [] };
const key = { ...role, access_type: "access_key" };
const step = (name, ok = true, verdict = ok ? "allowed" : "denied") => ({ step: name, ok, verdict });
const TRUST = ["sts:AssumeRole", "trust:account-matches", "trust:without-external-id", "trust:with-wrong-external-id"];
const trusted = TRUST.map((name) => step(name));
const problem = { code: "role_not_assumable", severity: "problem" };
const running = (...steps) => ({ state: "running", steps });
const finished = (...steps) => ({ state: "finished", steps });

const CASES = [
  ["nobody has tested", role, null, ["waiting", "waiting"]],
  ["a test has begun", { ...role, testing: true }, running(), ["working", "waiting"]],
  ["it is entered, and trust is being checked", role, running(...trusted.slice(0, 2)), ["working", "waiting"]],
  ["it refuses others", role, running(...trusted), ["done", "working"]],
  ["permissions come", role, running(...trusted, step("ec2:StopInstances")), ["done", "working"]],
  [
    "all are allowed",
    { ...role, status: "confirmed" },
    finished(...trusted, step("ec2:StopInstances")),
    ["done", "done"],
  ],
  [
    "some are refused",
    { ...role, status: "confirmed" },
    finished(...trusted, step("ec2:StopInstances"), step("rds:StopDBInstance", false)),
    ["done", "part"],
  ],
  [
    "a test could not enter",
    { ...role, issues: [problem] },
    finished(step("sts:AssumeRole", false)),
    ["waiting", "waiting"],
  ],
  [
    "others may enter too",
    { ...role, status: "failed", issues: [problem] },
    finished(...trusted.slice(0, 3), step(TRUST[3], false)),
    ["failed", "waiting"],
  ],
  ["an earlier test was about another role", role, finished(...trusted), ["waiting", "waiting"]],
  ["it is connected, and its test is not read yet", { ...role, status: "confirmed" }, null, ["done", "done"]],
  ["a key is of its account", key, running(step("trust:account-matches")), ["done", "working"]],
  [
    "AWS refused a key",
    { ...key, issues: [{ code: "credentials_rejected", severity: "problem" }] },
    finished(step("trust:account-matches", false)),
    ["failed", "waiting"],
  ],
  ["another key is tried after that", { ...key, issues: [problem], testing: true }, running(), ["working", "waiting"]],
  ["a refused key was replaced", key, finished(step("trust:account-matches", false)), ["waiting", "waiting"]],
  ["use is revoked", { ...role, issues: [{ code: "revoked" }] }, finished(...trusted), ["waiting", "waiting"]],
];

for (const [what, account, newest, [entry, use]] of CASES)
  test(`when ${what}`, () => {
    const ways = waysOf(account, newest);
    assert.deepEqual([ways.entry, ways.use], [entry, use]);
  });

const STATES = [
  ["no test yet", {}, ["deploy", "test"]],
  ["running", { testing: true }, ["deploy", "test"]],
  ["refused entry", { issues: [problem] }, ["deploy", "rotate"]],
  ["refused entry, and running again", { issues: [problem], testing: true }, ["deploy", "rotate"]],
  ["refused after it was connected", { status: "failed", issues: [problem] }, ["deploy", "rotate"]],
  ["failed without a reason", { status: "failed" }, ["deploy", "rotate"]],
  [
    "partly refused permissions",
    { status: "confirmed", issues: [{ code: "permission_missing", severity: "information" }] },
    ["onward", "onward"],
  ],
  ["connected", { status: "confirmed" }, ["onward", "onward"]],
  ["degraded", { status: "degraded", issues: [{ ...problem, code: "permission_lost" }] }, ["onward", "onward"]],
  ["revoked", { issues: [{ ...problem, code: "revoked" }] }, ["test", "test"]],
  ["revoked, and running", { testing: true, issues: [{ ...problem, code: "revoked" }] }, ["test", "test"]],
];

for (const [what, changes, [ofRole, ofKey]] of STATES)
  test(`the primary button, ${what}`, () => {
    assert.equal(primaryOf({ ...role, ...changes }), ofRole);
    assert.equal(primaryOf({ ...key, ...changes }), ofKey);
  });

test("permissions are counted without the trust, and without what was skipped", () => {
  const steps = [...trusted, step("a:B"), step("c:D", false), step("e:F", null, "skipped")];
  const { checked, allowed } = waysOf({ ...role, status: "confirmed" }, finished(...steps));
  assert.deepEqual([checked, allowed], [2, 1]);
});

test("the picture has each state as a class, and no words", () => {
  const drawn = diagram(
    [
      { icon: "cloud", state: "done" },
      { icon: "key", state: "waiting" },
    ],
    ["working"],
  );
  assert.equal(drawn.getAttribute("aria-hidden"), "true");
  assert.equal(drawn.textContent, "");
  const classes = drawn.children.map((node) => node.getAttribute("class"));
  assert.ok(classes.includes("diagram-way is-working") && classes.includes("diagram-node is-waiting"));
});

test("each node is in the middle of its column, over its words", () => {
  const nodes = ["cloud", "key", "lock"].map((icon) => ({ icon, state: "done" }));
  const drawn = diagram(nodes, ["done", "done"]);
  const width = drawn.getAttribute("viewBox").split(" ")[2];
  const circles = drawn.children.filter((node) => node.getAttribute("class") === "diagram-node is-done");
  const middles = circles.map((node) => Math.round((600 * node.getAttribute("cx")) / width));
  assert.deepEqual(middles, [100, 300, 500]);
});

// ---- what was found --------------------------------------------------------------------------------

const instance = (id, state = "running", kind = "ec2") => ({ kind, instance_id: id, region: "us-east-1", state });

test("what runs without a schedule is told from what is merely there", () => {
  const items = [instance("a"), instance("b", "stopped"), instance("c", "available", "rds"), instance("d")];
  const resources = [
    { ...instance("a"), schedule: { windows: [] } },
    { ...instance("d"), schedule: null },
  ];
  const { left, ...counts } = foundOf({ items, unavailable: [] }, resources, KINDS);
  assert.deepEqual(counts, { total: 4, running: 3, unscheduled: 2, isWhole: true });
  assert.deepEqual(
    left.map(({ instance_id: id }) => id),
    ["b", "c"],
  );
});

test("an incomplete listing says so, and the same id elsewhere is another instance", () => {
  const unavailable = [{ region: "eu-west-1", kind: "ec2", detail: "Refused." }];
  const other = { ...instance("a"), region: "eu-west-1", schedule: {} };
  const found = foundOf({ items: [instance("a")], unavailable }, [other], KINDS);
  assert.deepEqual([found.isWhole, found.left.length, found.unscheduled], [false, 1, 1]);
});

for (const [name, ...wanted] of [
  ["web-dev-1", "office", "dev", true],
  ["DevDatabase", "office", "dev", true],
  ["qa_runner", "office", "qa", true],
  ["staging-api", "nights", "staging", true],
  ["prod-dev-tools", "none", "prod", false],
  ["ProductionTest", "none", "production", false],
  ["devices", "none", "", true],
  ["latest", "none", "", true],
  ["orders-db", "none", "", true],
  ["jenkins", "none", "", true],
  ["", "none", "", true],
  [null, "none", "", true],
])
  test(`the name ${name} suggests ${wanted.join(" ")}`, () => {
    const { schedule, word, isChosen } = suggestionFor({ name });
    assert.deepEqual([schedule, word, isChosen], wanted);
  });
