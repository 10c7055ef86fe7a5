// The form of an enrollment: which groups of permissions are features, and which are ticked, the catalog says.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { all, button, hold, modal, press, signIn, submit } from "./drawn.mjs";
import { soon } from "./soon.mjs";

globalThis.window = { addEventListener() {} };
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const { enrollmentForm } = await import(`${page}/views/enrollment-form.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const group = (name, more = {}) => ({
  ...{ group: name, title: `The ${name}`, why: `Why ${name}.`, required: false, optional: false, feature: true },
  ...{ resource: "*", actions: [], read_only: [], ...more },
});
// The page has no words for caches and deep_sleep.
const GROUPS = [
  group("trust", { required: true, feature: false }),
  group("checking", { feature: false }),
  group("ec2"),
  group("logs"),
  group("encrypted_volumes", { optional: true }),
  group("caches"),
  group("deep_sleep", { optional: true }),
  group("checking_more", { feature: false }),
];
const KNOWN = {
  ...{ name: "Northwind", include_ous: [], exclude_ous: [], exclude_accounts: [], regions: ["eu-west-1"] },
  ...{ write_logs: true, role_path: "/", tags: {}, features: ["ec2", "caches"] },
};
let saved;

beforeEach(() => {
  saved = [];
  globalThis.fetch = async () => Response.json({ groups: GROUPS });
});
afterEach(async () => {
  if (modal()) press(button(modal(), t.actions.cancel));
  await soon();
});

async function opens(known) {
  enrollmentForm({
    ...{ title: "", submitText: "Send", known, onSaved() {} },
    save: async (body) => {
      saved.push(body);
      return {};
    },
  });
  await soon(20);
  for (const input of all(modal()).filter(({ tag }) => ["input", "textarea"].includes(tag))) {
    input.value ??= "";
    input.checked ??= false;
  }
  modal().querySelector('[data-field="name"]').querySelector("input").value = "Northwind";
}
const features = () => modal().querySelector('[data-field="features"]');
const boxes = () => all(features()).filter((node) => node.getAttribute("type") === "checkbox");
const ticked = () =>
  boxes()
    .filter(({ checked }) => checked)
    .map(({ value }) => value);
const tick = (name, on) => (boxes().find(({ value }) => value === name).checked = on);
async function sends() {
  submit();
  await soon(20);
}

test("each feature of the catalog has a box, and what is not optional is ticked", async () => {
  await opens();
  assert.deepEqual(
    boxes().map(({ value }) => value),
    ["ec2", "logs", "encrypted_volumes", "caches", "deep_sleep"],
  );
  assert.deepEqual(ticked(), ["ec2", "logs", "caches"]);
});

test("a feature without words has its title and why", async () => {
  await opens();
  for (const text of ["The caches", "Why caches.", "The deep_sleep", t.groupTexts.ec2.title])
    assert.ok(features().textContent.includes(text), text);
  assert.ok(!features().textContent.includes("Why ec2."));
});

test("the usual features are not sent, and who leaves one out loses no other", async () => {
  await opens();
  await sends();
  await opens();
  tick("logs", false);
  await sends();
  assert.deepEqual(
    saved.map((body) => body.features),
    [undefined, ["ec2", "caches"]],
  );
});

test("who writes no logs but ticks them sends what is ticked: the API would leave them out", async () => {
  await opens();
  for (const value of ["yes", "no"])
    modal().querySelector(`input[name="write_logs"][value="${value}"]`).checked = value === "no";
  await sends();
  assert.deepEqual(
    saved.map((body) => [body.write_logs, body.features]),
    [[false, ["ec2", "logs", "caches"]]],
  );
});

test("an enrollment that is changed has its own", async () => {
  await opens(KNOWN);
  assert.deepEqual(ticked(), KNOWN.features);
  tick("deep_sleep", true);
  await sends();
  assert.deepEqual(saved, [{ features: ["ec2", "caches", "deep_sleep"] }]);
});

test("nothing waits for the catalog: without it, features stay as they are", async () => {
  const letGo = hold(() => true);
  await opens();
  await sends();
  await opens(KNOWN);
  modal().querySelector('[data-field="name"]').querySelector("input").value = "Southwind";
  await sends();
  letGo();
  assert.deepEqual(saved, [{ provider: "aws", name: "Northwind", write_logs: true }, { name: "Southwind" }]);
});
