// What changed between two tests of an account.
import assert from "node:assert/strict";
import { test } from "node:test";

// What the modules touch when they are loaded.
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
const { compared } = await import("../../../functions/dashboard/static/views/tests.js");

const step = (name, verdict, region = null, reason = null) => ({ step: name, verdict, region, reason });
const of = (...steps) => ({ started_at: "2026-01-05T10:00:00Z", steps });
const said = (earlier, later) => {
  const { different, same } = compared(earlier, later);
  return [different.map(({ before, after }) => `${before?.verdict} > ${after?.verdict}`), same];
};

const WHOLE = of(
  step("sts:AssumeRole", "allowed"),
  step("ec2:DescribeInstances", "allowed", "us-east-1"),
  step("ec2:StartInstances", "allowed", "us-east-1"),
);

test("a step that is not reached any more is one change", () => {
  const broken = of(
    step("sts:AssumeRole", "denied"),
    step("ec2:DescribeInstances", "skipped", null, "not_entered"),
    step("ec2:StartInstances", "skipped", null, "not_entered"),
  );
  assert.deepEqual(said(WHOLE, broken), [["allowed > denied", "allowed > skipped", "allowed > skipped"], 0]);
  assert.deepEqual(said(broken, WHOLE), [["denied > allowed", "skipped > allowed", "skipped > allowed"], 0]);
});

test("the same verdict in another region is the same", () => {
  const elsewhere = of(...WHOLE.steps.map((each) => ({ ...each, region: each.region && "eu-west-1" })));
  assert.deepEqual(said(WHOLE, elsewhere), [[], 3]);
});

test("a step that only one test knows is a change, and no verdict that is the same", () => {
  const newer = of(...WHOLE.steps, step("logs:PutLogEvents", "allowed", "us-east-1"));
  assert.deepEqual(said(WHOLE, newer), [["undefined > allowed"], 3]);
  assert.deepEqual(said(newer, of(WHOLE.steps[0])), [Array(3).fill("allowed > undefined"), 1]);
});

test("the earlier test is the one that began earlier, however the two were chosen", () => {
  const later = { started_at: "2026-01-06T10:00:00Z", steps: [step("sts:AssumeRole", "denied")] };
  for (const chosen of [
    [WHOLE, later],
    [later, WHOLE],
  ]) {
    assert.deepEqual([compared(...chosen).earlier, compared(...chosen).later], [WHOLE, later]);
    assert.equal(said(...chosen)[0][0], "allowed > denied");
  }
});

test("what a region answers otherwise is a change, unless only one test looked there", () => {
  const region = (name, status, why = null) => ({ region: name, status, reason: why });
  const one = (...region_health) => ({ ...WHOLE, region_health });
  const apart = (earlier, later) =>
    compared(earlier, later).regions.map(
      ({ region: name, before, after }) => `${name} ${before.status} > ${after.status}`,
    );
  const [us, eu] = [region("us-east-1", "reachable"), region("eu-west-1", "reachable")];
  const refused = region("eu-west-1", "refused", "service_control_policy");
  assert.deepEqual(apart(one(us, eu), one(us, refused)), ["eu-west-1 reachable > refused"]);
  assert.deepEqual(apart(one(refused), one({ ...refused, reason: "explicit_deny" })), ["eu-west-1 refused > refused"]);
  assert.deepEqual([apart(one(us, eu), one(us, eu)), apart(one(us), one(us, refused))], [[], []]);
  assert.deepEqual(apart(WHOLE, one(refused)), []);
});
