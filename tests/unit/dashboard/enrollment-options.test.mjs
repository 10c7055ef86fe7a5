// What is typed into the form of an enrollment, and what is sent of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./drawn.mjs";

const { bodyOf, entriesOf, tagsOf, tagsText, wrongIn } =
  await import("../../../functions/dashboard/static/lib/enrollment-options.js");

const KNOWN = {
  name: "Northwind",
  management_account_id: "123456789012",
  include_ous: ["ou-ab12-11111111"],
  exclude_ous: [],
  exclude_accounts: [],
  name_pattern: "prod-*",
  regions: ["eu-west-1"],
  write_logs: true,
  role_path: "/",
  permissions_boundary: "team/Limits",
  tags: { team: "platform" },
  features: ["ec2", "rds", "logs"],
};
const TYPED = {
  ...KNOWN,
  include_ous: "ou-ab12-11111111",
  exclude_ous: "",
  exclude_accounts: "",
  role_path: "",
  tags: "team=platform",
};

test("a list is read whatever stands between its entries, each once", () => {
  assert.deepEqual(entriesOf(" a,b;\nc  a\n"), ["a", "b", "c"]);
  assert.deepEqual(entriesOf("  "), []);
});

test("a tag's value may contain an equals sign, and be empty", () => {
  const tags = { team: "platform", query: "a=b", seen: "" };
  assert.deepEqual(tagsOf("team = platform\n\nquery=a=b\nseen\n"), tags);
  assert.deepEqual(tagsOf(tagsText(tags)), tags);
  assert.equal(tagsText(undefined), "");
});

test("what is left empty is not sent", () => {
  assert.deepEqual(bodyOf({ name: " Northwind ", write_logs: false, features: undefined, regions: [] }), {
    provider: "aws",
    name: "Northwind",
    write_logs: false,
  });
});

test("numbers are taken as the AWS console shows them", () => {
  const body = bodyOf({ name: "N", management_account_id: "1234-5678-9012", exclude_accounts: "2109-8765-4321" });
  assert.equal(body.management_account_id, "123456789012");
  assert.deepEqual(body.exclude_accounts, ["210987654321"]);
  assert.deepEqual(wrongIn(body), []);
});

test("of a change, only what is different is sent", () => {
  assert.deepEqual(bodyOf(TYPED, KNOWN), {});
  assert.deepEqual(bodyOf({ ...TYPED, name: "Southwind", write_logs: false }, KNOWN), {
    name: "Southwind",
    write_logs: false,
  });
});

test("what is emptied is sent so that the API empties it, unless it has to stay", () => {
  const emptied = { include_ous: "", name_pattern: "", permissions_boundary: "", tags: "" };
  const staying = { management_account_id: "", regions: [] };
  assert.deepEqual(bodyOf({ ...TYPED, ...emptied, ...staying }, KNOWN), {
    include_ous: [],
    name_pattern: "*",
    permissions_boundary: "",
    tags: {},
  });
  const without = { ...KNOWN, name_pattern: null, permissions_boundary: null, management_account_id: null };
  assert.deepEqual(bodyOf({ ...TYPED, ...emptied, include_ous: TYPED.include_ous, tags: TYPED.tags }, without), {
    management_account_id: KNOWN.management_account_id,
  });
});

test("what is wrong is said of its field", () => {
  const wrong = (typed, known) => wrongIn(bodyOf({ name: "N", ...typed }, known)).map(({ field, of }) => [field, of]);
  assert.deepEqual(wrong({ name: "" }), [["name", undefined]]);
  assert.deepEqual(wrong({ name: "North wind" }), [["name", undefined]]);
  assert.deepEqual(wrong({ management_account_id: "123" }), [["management_account_id", "123"]]);
  assert.deepEqual(wrong({ include_ous: "r-ab12 Shops" }), [["include_ous", "Shops"]]);
  assert.deepEqual(wrong({ exclude_ous: "ou-1" }), [["exclude_ous", "ou-1"]]);
  assert.deepEqual(wrong({ exclude_accounts: "210987654321 1" }), [["exclude_accounts", "1"]]);
  assert.deepEqual(wrong({ ...TYPED, name: "" }, KNOWN), [["name", undefined]]);
  assert.deepEqual(wrong({ ...TYPED }, KNOWN), []);
});
