// What follows from a test for a permission in one region, and what does not.
import assert from "node:assert/strict";
import { test } from "node:test";

const { fixFor, mapOf, regionRemedy, restsOn, STATES } =
  await import("../../../functions/dashboard/static/lib/permission-map.js");

const HEALTH = [
  { region: "us-east-1", status: "reachable", reason: null },
  { region: "eu-west-1", status: "reachable", reason: null },
  { region: "ap-south-1", status: "refused", reason: "service_control_policy" },
  { region: "me-south-1", status: "not_enabled", reason: null },
  { region: "sa-east-1", status: "unknown", reason: null },
];
const ACCOUNT = { capabilities: { ec2: "full", rds: "full", logs: "full" }, regions: ["us-east-1", "eu-west-1"] };
const step = (name, verdict, more = {}) => ({
  ...{ step: name, group: name.split(":")[0], verdict, evidence: "live", reason: null },
  ...{ region: "us-east-1", resources: null },
  ...more,
});
const example = (region, verdict, reason = null) => ({ id: "i-1", region, verdict, reason });
const asked = (examples, counts) => ({
  asked: examples.filter(({ verdict }) => verdict !== "skipped").length,
  ...Object.fromEntries(
    ["allowed", "denied"].map((each) => [each, examples.filter(({ verdict }) => verdict === each).length]),
  ),
  ...counts,
  examples,
});
const cells = (one, health = HEALTH, account = ACCOUNT) =>
  mapOf({ steps: [one], region_health: health }, account).groups[0].rows[0].cells;
const said = (one) => cells(one).map(({ state, why }) => `${state} ${why}`);

test("what was tried in one region is proved there, and predicted where another region answers", () => {
  const others = ["denied refused", "none notEnabled", "unknown noAnswer"];
  assert.deepEqual(said(step("rds:StopDBInstance", "allowed")), ["proved tried", "predicted carried", ...others]);
  assert.deepEqual(said(step("rds:StopDBInstance", "allowed", { evidence: "policy" })), [
    ...["predicted policy", "predicted carried"],
    ...others,
  ]);
  // A policy may name regions: there, that is no refusal yet.
  assert.deepEqual(said(step("rds:StopDBInstance", "denied")), ["denied tried", "refusedElsewhere carried", ...others]);
  assert.deepEqual(said(step("rds:StopDBInstance", "inconclusive", { evidence: "none" })), [
    ...["unknown tried", "unknown carried"],
    ...others,
  ]);
});

test("a listing that is refused says nothing of another region", () => {
  assert.deepEqual(said(step("ec2:DescribeInstances", "denied")).slice(0, 2), ["denied tried", "unknown listing"]);
  assert.deepEqual(said(step("ec2:DescribeInstances", "allowed")).slice(0, 2), ["proved tried", "predicted carried"]);
});

test("what a test names of a region decides it, by AWS's answers or by the policies", () => {
  const one = (examples, more) =>
    said(step("ec2:StopInstances", "partial", { region: null, resources: asked(examples), ...more }));
  const mixed = [example("us-east-1", "denied"), example("us-east-1", "allowed"), example("eu-west-1", "allowed")];
  assert.deepEqual(one(mixed).slice(0, 2), ["partial named", "proved named"]);
  assert.deepEqual(one(mixed, { evidence: "policy" }).slice(0, 2), ["partial named", "predicted named"]);
  const apart = [example("us-east-1", "denied"), example("eu-west-1", "allowed")];
  assert.deepEqual(one(apart).slice(0, 2), ["denied named", "proved named"]);
  const open = [example("us-east-1", "allowed"), example("us-east-1", "skipped"), example("eu-west-1", "allowed")];
  assert.deepEqual(one(open).slice(0, 2), ["unknown named", "proved named"]);
});

test("nothing is proved where others may lie that no example names", () => {
  const named = [example("us-east-1", "denied"), example("eu-west-1", "allowed")];
  const one = (counts) =>
    said(step("ec2:StopInstances", "partial", { region: null, resources: asked(named, counts) })).slice(0, 2);
  assert.deepEqual(one({ asked: 9, denied: 8 }), ["denied named", "unknown named"]);
  assert.deepEqual(one({ asked: 9, allowed: 8 }), ["partial named", "proved named"]);
  // The others proved nothing.
  assert.deepEqual(one({ asked: 9 }), ["partial named", "unknown named"]);
});

test("a region of which nothing is named has what was found of all others, unless that is mixed", () => {
  const one = (verdict, examples) =>
    said(step("ec2:StopInstances", verdict, { region: null, resources: asked(examples) }))[1];
  const here = (verdict) => example("us-east-1", verdict);
  assert.equal(one("allowed", [here("allowed")]), "predicted carried");
  assert.equal(one("denied", [here("denied")]), "refusedElsewhere carried");
  assert.equal(one("partial", [here("allowed"), here("denied")]), "unknown carried");
});

test("where the test names only some, it may have tried others in any region", () => {
  const one = (verdict, more) => {
    const named = Array.from({ length: 20 }, () => example("us-east-1", verdict));
    const resources = asked(named, { asked: 30, [verdict]: 30, ...more });
    return said(step("ec2:StopInstances", verdict, { region: null, resources }))[1];
  };
  assert.equal(one("allowed"), "predicted unnamed");
  assert.equal(one("denied"), "refusedElsewhere unnamed");
  assert.equal(one("allowed", { asked: 20 }), "predicted carried");
  // What could not be tried is named without being counted.
  const named = [example("us-east-1", "allowed"), example("us-east-1", "skipped")];
  const resources = asked(named, { asked: 2, allowed: 2 });
  assert.equal(said(step("ec2:StopInstances", "allowed", { region: null, resources }))[1], "predicted unnamed");
});

test("AWS's answer about a permission stands, although the region's listings are refused", () => {
  const refused = HEALTH.map((each) => (each.region === "us-east-1" ? { ...HEALTH[2], region: "us-east-1" } : each));
  const one = (verdict, more) => {
    const [{ state, why }] = cells(step("logs:PutLogEvents", verdict, more), refused);
    return `${state} ${why}`;
  };
  assert.equal(one("allowed"), "proved tried");
  assert.equal(one("denied"), "denied tried");
  assert.equal(one("allowed", { evidence: "policy" }), "denied refused");
  assert.equal(one("inconclusive", { evidence: "none" }), "denied refused");
});

test("an answer about databases elsewhere is none about the region in which it was asked", () => {
  const resources = asked([example("eu-west-1", "allowed"), example("eu-west-1", "denied")]);
  assert.deepEqual(said(step("rds:StopDBInstance", "partial", { evidence: "policy", resources })).slice(0, 2), [
    "unknown carried",
    "partial named",
  ]);
});

test("logs are written in one region, whichever it is, and that is no region of the account", () => {
  const log = step("logs:PutLogEvents", "allowed", { region: "us-west-2" });
  const map = mapOf({ steps: [log, step("ec2:StopInstances", "allowed")], region_health: HEALTH }, ACCOUNT);
  assert.deepEqual(map.regions.at(-1), { region: "us-west-2", status: "other", reason: null });
  const [ec2, logs] = ["ec2", "logs"].map((name) => map.groups.find(({ group }) => group === name).rows[0].cells);
  assert.deepEqual([logs[0].why, logs.at(-1).state, ec2.at(-1).why], ["elsewhere", "proved", "notChosen"]);
});

test("what was not tried is not tried, and what has no region is no row", () => {
  const skipped = step("logs:PutLogEvents", "skipped", { region: null, reason: "write_logs_off" });
  assert.deepEqual(new Set(said(skipped)), new Set(["none skipped"]));
  const trust = step("sts:AssumeRole", "allowed", { group: "trust", region: null });
  assert.deepEqual(mapOf({ steps: [trust], region_health: HEALTH }, ACCOUNT).groups, []);
});

test("an API that says nothing of regions proves no more than the region of the step", () => {
  const one = cells(step("ec2:StopInstances", "allowed"), null).map(({ region, state }) => `${region} ${state}`);
  assert.deepEqual(one, ["us-east-1 proved", "eu-west-1 unknown"]);
});

test("each state of a cell is one of the legend's", () => {
  const verdicts = ["allowed", "denied", "partial", "inconclusive", "skipped", "newer"];
  const states = verdicts.flatMap((verdict) => cells(step("ec2:StopInstances", verdict)).map(({ state }) => state));
  assert.ok(states.every((state) => STATES.includes(state)));
});

// ---- what mends it ---------------------------------------------------------------------------------

const POLICY = {
  Statement: [
    { Sid: "CavokEc2", Effect: "Allow", Action: ["ec2:StartInstances", "ec2:StopInstances"], Resource: "*" },
    { Sid: "CavokLogs", Effect: "Allow", Action: "logs:PutLogEvents", Resource: "arn:aws:logs:*:*:log-group:/cavok/*" },
  ],
};
const FIX = {
  policy_statement: JSON.stringify({ Action: ["ec2:StopInstances"] }),
  cli: "aws iam …",
  console_url: null,
};
const issue = (fix) => ({ code: "permission_lost", fix });
const fixOf = (one, at, issues = [], policy = POLICY) => {
  const fix = fixFor(one, cells(one)[at], issues, policy);
  return fix && JSON.parse(JSON.stringify(fix));
};

test("a fix of the API that is about the permission is taken as it is, and no other", () => {
  const denied = step("ec2:StopInstances", "denied", { reason: "explicit_deny" });
  assert.deepEqual(fixOf(denied, 0, [issue(null), issue(FIX)]), FIX);
  assert.equal(fixOf(denied, 0, [issue({ ...FIX, policy_statement: '{"Action":"ec2:StartInstances"}' })]), null);
  assert.equal(fixOf(denied, 0, [issue({ ...FIX, policy_statement: "<b>not JSON</b>" })]), null);
  assert.equal(fixOf(step("ec2:StopInstances", "allowed"), 0, [issue(FIX)]), null);
});

test("a fix of the API is offered where it mends what is refused, and nowhere else", () => {
  const arn = (region, id) => `arn:aws:ec2:${region}:123456789012:instance/${id}`;
  const naming = (...arns) =>
    issue({ ...FIX, policy_statement: JSON.stringify({ Action: "ec2:StopInstances", Resource: arns }) });
  const here = { id: "i-1", region: "us-east-1", verdict: "denied", reason: "identity_policy" };
  const there = { id: "i-2", region: "eu-west-1", verdict: "denied", reason: "service_control_policy" };
  const named = step("ec2:StopInstances", "denied", { region: null, resources: asked([here, there]) });
  const isOffered = (one, at, ...arns) => fixOf(one, at, [naming(...arns)], null) !== null;
  assert.ok(isOffered(named, 0, arn("us-east-1", "i-1")));
  assert.ok(isOffered(named, 0, arn("eu-west-1", "i-9"), arn("us-east-1", "i-1")));
  assert.ok(isOffered(named, 0, "*"));
  assert.ok(isOffered(named, 0, "arn:aws:ec2:*:*:instance/*"));
  assert.ok(!isOffered(named, 0, arn("us-east-1", "i-9")), "of another instance");
  assert.ok(!isOffered(named, 0, arn("eu-west-1", "i-1")), "of another region");
  for (const other of ["*", arn("eu-west-1", "i-2")])
    assert.ok(!isOffered(named, 1, other), "no statement ends what another policy refuses");
  const whole = step("ec2:StopInstances", "denied", { reason: "explicit_deny" });
  assert.ok(isOffered(whole, 0, arn("us-east-1", "i-1")));
  assert.ok(!isOffered(whole, 1, arn("us-east-1", "i-1")));
});

test("what no policy grants is mended by the catalog's statement for it alone", () => {
  for (const reason of ["identity_policy", "unstated"])
    for (const region of [0, 1])
      assert.deepEqual(fixOf(step("ec2:StopInstances", "denied", { reason }), region), {
        policy_statement: { Effect: "Allow", Action: "ec2:StopInstances", Resource: "*" },
      });
  const stack_url = "https://console.aws.amazon.com/stacks";
  const others = [issue(null), issue({ ...FIX, stack_url: null }), issue({ ...FIX, stack_url })];
  const log = step("logs:PutLogEvents", "denied", { reason: "identity_policy" });
  assert.equal(fixOf(log, 0, others).stack_url, stack_url, "that of the role");
  assert.equal(fixOf(log, 0).policy_statement.Resource, POLICY.Statement[1].Resource);
  assert.equal(fixOf(log, 0, [], null), null);
});

test("no statement mends what another policy refuses, what was narrowed, or a region", () => {
  for (const reason of ["explicit_deny", "service_control_policy", "permissions_boundary"])
    assert.equal(fixOf(step("ec2:StopInstances", "denied", { reason }), 0), null);
  const named = [example("us-east-1", "denied", "identity_policy"), example("us-east-1", "allowed")];
  const partial = step("ec2:StopInstances", "partial", { resources: asked(named) });
  assert.equal(fixOf(partial, 0), null);
  // The role may stop what it is to stop, and a test asked about an instance elsewhere too.
  const elsewhere = { ...example("eu-west-1", "denied", "identity_policy"), id: "i-2" };
  const narrowed = step("ec2:StopInstances", "partial", {
    region: null,
    resources: asked([example("us-east-1", "allowed"), elsewhere]),
  });
  assert.equal(cells(narrowed)[1].state, "denied");
  assert.equal(fixOf(narrowed, 1), null);
  // Of more than it asked about, others may be allowed.
  assert.equal(fixOf({ ...narrowed, verdict: "inconclusive" }, 1), null);
  const deny = step("ec2:StopInstances", "denied", {
    reason: "identity_policy",
    resources: asked([example("us-east-1", "denied", "explicit_deny")]),
  });
  assert.equal(fixOf(deny, 0), null);
  assert.equal(fixOf(step("ec2:StopInstances", "denied", { reason: "identity_policy" }), 2), null);
});

test("what no statement ends has the page of the console that the API names, and nothing else has it", () => {
  const page = { policy_statement: null, cli: null, console_url: "https://console.aws.amazon.com/…" };
  const about = (actions, fix = page) => ({ ...issue(fix), message: `${actions} was allowed and no longer is.` });
  const denied = step("ec2:StopInstances", "denied", { reason: "service_control_policy" });
  for (const at of [0, 1]) assert.deepEqual(fixOf(denied, at, [about("ec2:StartInstances, ec2:StopInstances")]), page);
  assert.equal(fixOf(denied, 0, [about("ec2:StopInstancesNow"), about("ec2:StopInstances", null)]), null);
  assert.equal(fixOf(denied, 0, [about("ec2:StopInstances", { ...page, cli: "aws account enable-region" })]), null);
  const notGranted = step("ec2:StopInstances", "denied", { reason: "identity_policy" });
  assert.ok(fixOf(notGranted, 0, [about("ec2:StopInstances")]).policy_statement);
  const both = [example("us-east-1", "denied", "permissions_boundary"), example("us-east-1", "allowed")];
  const partial = step("ec2:StopInstances", "partial", { resources: asked(both) });
  assert.deepEqual(fixOf(partial, 0, [about("ec2:StopInstances")]), page);
});

test("a region that is not enabled is mended by the command that enables it", () => {
  const enabling = {
    policy_statement: null,
    cli: "aws account enable-region --region-name me-south-1",
    console_url: null,
  };
  const one = step("ec2:StopInstances", "allowed");
  assert.deepEqual(fixOf(one, 3, [issue(FIX), issue(enabling)]), enabling);
  const other = { ...enabling, cli: "aws account enable-region --region-name me-south-11" };
  assert.equal(fixOf(one, 3, [issue(other)]), null);
  const all = { ...enabling, cli: [other.cli, enabling.cli, "aws account enable-region --region-name x"].join("\n") };
  assert.deepEqual(fixOf(one, 3, [issue(all)]), enabling, "of this region alone");
});

test("a region in which nothing can be used has the remedy that the account's issue says of it", () => {
  const about = (code, regions, remedy) => ({
    code,
    message: `Nothing can be used in ${regions}: AWS refuses.`,
    remedy,
  });
  const issues = [
    about("region_refused", "ap-south-11", "another region"),
    about("region_not_enabled", "ap-south-1", "another reason"),
    about("region_refused", "ap-east-1, ap-south-1", "Ask an administrator."),
    about("region_not_enabled", "me-south-1", "Enable it."),
  ];
  const remedies = cells(step("ec2:DescribeInstances", "allowed")).map((cell) => regionRemedy(cell, issues));
  assert.deepEqual(remedies, ["", "", "Ask an administrator.", "Enable it.", ""]);
  assert.equal(regionRemedy(cells(step("ec2:DescribeInstances", "allowed"))[2], []), "");
});

test("a cell that a whole region decides does not rest on what was found in another region", () => {
  const rests = (one) => cells(one).map((cell) => restsOn(one, cell));
  assert.deepEqual(rests(step("ec2:DescribeInstances", "allowed")), [true, true, false, false, false]);
  const here = { evidence: "policy", region: "ap-south-1" };
  assert.deepEqual(rests(step("ec2:DescribeInstances", "allowed", here)), [true, true, true, false, false]);
  // It was answered for the permission itself.
  const named = step("ec2:StopInstances", "denied", {
    region: null,
    resources: asked([example("ap-south-1", "denied")]),
  });
  assert.deepEqual(rests(named), [true, true, true, false, false]);
});
