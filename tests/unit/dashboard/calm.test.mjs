// The instructions of a connected account: what is deployed, its version, and how to remove it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, button, modal, opened, press, signIn, toasts } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { instructions } = await import(`${page}/views/instructions.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const ROLE = "arn:aws:iam::123456789012:role/CavokCloud";
const template = (version, current = 2) => ({ version, current, outdated: version < current, changes: [] });
const account = {
  account_id: "a",
  name: "A",
  provider_id: "123456789012",
  status: "confirmed",
  access_type: "assume_role",
  role_arn: ROLE,
  write_logs: true,
  template: template(2),
  version: 1,
  issues: [],
};
const GUIDE = {
  steps: [{ title: "Sign in", text: "…" }],
  deploy_on_aws_url:
    "https://console.aws.amazon.com/x#/y?templateURL=https%3A%2F%2Fb.example%2Frole-v1.yaml&stackName=CavokCloud",
  cloudformation_template: "{}",
};

/** What was sent to be done. */
let acts;

async function shown(changes) {
  const there = { ...account, ...changes };
  store.forget();
  store.add(there, Date.now());
  acts = [];
  globalThis.fetch = async (address, { method }) => {
    if (method === "DELETE") acts.push(new URL(address).pathname);
    if (method === "DELETE") return new Response(null, { status: 204 });
    return String(address).endsWith("/instructions") ? Response.json(GUIDE) : Response.json(there);
  };
  const view = new AbortController();
  const main = opened(instructions, view.signal);
  await soon(30);
  view.abort();
  const details = main.querySelector("details.step-detail");
  return { main, text: main.textContent, details: details?.textContent ?? "", isOpen: Boolean(details?.open) };
}

test("a connected account shows what is deployed, and the steps only on request", async () => {
  const { text, details, isOpen } = await shown({});
  for (const part of [t.instructions.deployed, ROLE, t.instructions.versions.newest(2), t.instructions.withLogs])
    assert.ok(text.includes(part), part);
  assert.ok(text.includes(t.instructions.removeText.assume_role));
  assert.ok(details.includes("Sign in") && details.includes(t.instructions.deploy));
  assert.equal(isOpen, false);
});

const stacksIn = (main) =>
  all(main).flatMap(({ tag, href }) => (tag === "a" && href.includes("filteringText=CavokCloud") ? [href] : []));

for (const [who, changes, count] of [
  ["a role with a stack of its own", {}, 1],
  ["a role that the stack of an AWS Organization makes", { enrollment_id: "enr1" }, 0],
  ["an IAM user", { access_type: "access_key", role_arn: null, template: null }, 0],
])
  test(`to remove ${who}, there are the links to do so`, async () => {
    const { main } = await shown(changes);
    assert.equal(stacksIn(main).length, count);
    press(button(main, t.account.remove));
    assert.ok(modal().textContent.includes(t.account.removeTitle("A")));
    modal().close();
  });

for (const [what, changes, said] of [
  ["an older version", { template: template(1) }, t.instructions.versions.old(1, 2)],
  ["a version that nobody knows", { template: null }, t.instructions.versions.unknown],
  ["no log writing", { write_logs: false }, t.instructions.withoutLogs],
])
  test(`${what} is said as it is`, async () => assert.ok((await shown(changes)).text.includes(said)));

test("of an IAM user there is no version, and the key is what to delete", async () => {
  const { text } = await shown({ access_type: "access_key", role_arn: null, template: null });
  assert.ok(text.includes(t.instructions.user) && text.includes(t.instructions.removeText.access_key));
  assert.ok(!text.includes(t.instructions.version));
});

test("the link that an AWS admin got for it is withdrawn there", async () => {
  const { main } = await shown({});
  press(button(main, t.invite.withdraw));
  await until(() => toasts.textContent.includes(t.invite.withdrawn));
  assert.deepEqual(acts, ["/v1/accounts/a/invitations"]);
});

test("an account that is not connected shows its steps", async () => {
  const { text, details } = await shown({ status: "unconfirmed", template: null });
  assert.ok(text.includes("Sign in") && !text.includes(t.instructions.deployed));
  assert.equal(details, "");
});
