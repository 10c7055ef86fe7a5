// Whether the link of "Deploy on AWS" expires.
import assert from "node:assert/strict";
import { test } from "node:test";

// What the modules touch when they are loaded.
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
const { expires, stackOf } = await import("../../../functions/dashboard/static/lib/deploy-link.js");

const PUBLIC = "https://templates.s3.eu-west-1.amazonaws.com/connect/role-v3.yaml";
const CONSOLE = "https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1#/stacks/quickcreate";
const link = (templateURL, name = "CavokCloud") =>
  `${CONSOLE}?${new URLSearchParams({ templateURL, stackName: name, param_RoleName: name })}`;

test("a presigned address expires", () => assert.ok(expires(link(`${PUBLIC}?X-Amz-Expires=3600&X-Amz-Signature=ab`))));
test("a public address stays", () => assert.ok(!expires(link(PUBLIC))));
test("a role's name decides nothing", () => assert.ok(!expires(link(PUBLIC, "Cavok-X-Amz-Expires"))));

test("the stack that a link deploys is found in the list of its region", () => {
  const list = CONSOLE.replace("/quickcreate", "?filteringStatus=active&filteringText=Cavok-Cloud");
  assert.equal(stackOf(link(PUBLIC, "Cavok-Cloud")), list);
  assert.equal(stackOf("https://console.aws.amazon.com/"), "");
});
