// What a person chooses to grant in Access Details: what is asked for, and what is shown and said.
import assert from "node:assert/strict";
import { beforeEach, afterEach, test } from "node:test";
import { all, element, signIn } from "./drawn.mjs";
import { soon } from "./soon.mjs";

globalThis.window = { addEventListener() {} };
globalThis.history = { replaceState: (_, __, hash) => (location.hash = hash) };
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const { accessDetails } = await import(`${page}/views/access.js`);
const { groupsOf } = await import(`${page}/views/grants.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const group = (name, more = {}) => ({
  ...{ group: name, title: name.toUpperCase(), why: "It is.", required: false, optional: false },
  ...{ resource: "*", actions: [], read_only: [], ...more },
});
const GROUPS = [
  group("trust", { required: true }),
  group("checking"),
  group("ec2", { read_only: ["ec2:DescribeInstances"] }),
  group("logs"),
  group("encrypted_volumes", { optional: true }),
];
const ALL = "trust,checking,ec2,logs";

/** What was asked for, and how the API answers. */
let asked, answer, view, main;

const policyOf = (groups) => {
  const granted = groups.split(",").filter((name) => name !== "trust");
  return { Statement: granted.map((name) => ({ Sid: name })) };
};
const choiceOf = (matters) => matters.map((name) => ({ group: name, access: "all" }));

beforeEach(() => {
  asked = [];
  location.hash = "";
  answer = ({ pathname, groups }) =>
    pathname.endsWith("/instructions")
      ? {
          ...{ permissions_policy: policyOf(groups), cloudformation_template: `c ${groups}`, terraform: "t", cli: "x" },
          ...{ choice: choiceOf(["checking", "ec2"]), warnings: ["It was allowed."] },
          deploy_on_aws_url: `https://a.b/${groups}`,
        }
      : {
          ...{ groups: GROUPS, choice: choiceOf(["checking", "ec2", "logs", "encrypted_volumes"]) },
          ...{ policy_document: policyOf(groups ?? ALL), terraform: "t" },
          cloudformation_template: groups === null ? null : `c ${groups}`,
        };
  globalThis.fetch = async (address) => {
    const { pathname, searchParams } = new URL(address);
    const groups = searchParams.get("groups");
    if (groups !== null) asked.push(groups);
    const body = await answer({ pathname, groups });
    return body instanceof Response ? body : Response.json(body);
  };
});
afterEach(() => view.abort());

async function shown(query = "") {
  view = new AbortController();
  main = element();
  accessDetails({ main, params: {}, query: new URLSearchParams(query), signal: view.signal, title() {} });
  await soon(60);
}
const boxes = () => all(main).filter((node) => node.getAttribute("type") === "checkbox");
async function tick(index, on) {
  boxes()[index].checked = on;
  boxes()[index].dispatchEvent(new Event("change"));
  await soon(60);
}

test("what Cavok asks for is chosen at first, and nobody can leave out what is mandatory", async () => {
  await shown();
  assert.deepEqual(asked, [ALL]);
  const [trust, checking, ec2, acts, logs, volumes] = boxes();
  assert.ok(trust.checked && trust.disabled);
  const ticked = [checking, ec2, acts, logs, volumes].map((box) => Boolean(box.checked));
  assert.deepEqual(ticked, [true, true, true, true, false]);
  assert.ok(main.textContent.includes(`c ${ALL}`));
});

test("each box changes what is asked for, what is shown, and the address", async () => {
  await shown();
  await tick(3, false);
  assert.equal(asked.at(-1), "trust,checking,ec2:read_only,logs");
  assert.ok(main.textContent.includes("c trust,checking,ec2:read_only,logs"));
  assert.equal(location.hash, "#/access-details?groups=trust%2Cchecking%2Cec2%3Aread_only%2Clogs");
  await tick(2, false);
  assert.equal(asked.at(-1), "trust,checking,logs");
  assert.ok(boxes()[3].disabled, "there is nothing of which a part could be left out");
  await tick(5, true);
  assert.equal(asked.at(-1), "trust,checking,logs,encrypted_volumes");
});

test("the boxes stay, so that a keyboard keeps its place", async () => {
  await shown();
  const before = boxes();
  await tick(1, false);
  assert.deepEqual(boxes(), before);
});

test("a choice is read from the address, without what there is not", async () => {
  await shown("groups=ec2:read_only,s3,logs:read_only,trust");
  assert.deepEqual(asked, ["trust,ec2:read_only"]);
  assert.deepEqual(
    boxes().map((box) => Boolean(box.checked)),
    [true, false, true, false, false, false],
  );
  assert.deepEqual(groupsOf("ec2,ec2:read_only,", GROUPS), ["ec2"]);
});

test("a policy that grants nothing is not offered to be copied", async () => {
  await shown("groups=trust");
  assert.deepEqual(asked, ["trust"]);
  assert.ok(main.textContent.includes(t.grants.nothing));
  assert.ok(!main.textContent.includes("cavok-permissions.json"));
});

test("an account's documents come from its instructions, with its link and warnings", async () => {
  await shown("account=a&groups=ec2,logs");
  assert.deepEqual(asked, ["trust,ec2,logs"]);
  assert.equal(boxes().length, 4, "logs and volumes do not matter to this account");
  assert.ok(main.textContent.includes("It was allowed."));
  const link = () => all(main).find(({ tag, href }) => tag === "a" && href?.startsWith("https://a.b/")).href;
  assert.equal(link(), "https://a.b/trust,ec2,logs");
  await tick(1, true);
  assert.equal(link(), "https://a.b/trust,checking,ec2,logs");
  assert.equal(location.hash, "#/access-details?account=a&groups=trust%2Cchecking%2Cec2%2Clogs");
});

test("an account with an access key has no box for what only a role grants", async () => {
  const { answer: usual } = { answer };
  answer = (given) => ({ ...usual(given), ...(given.pathname.endsWith("/instructions") && { trust_policy: null }) });
  await shown("account=a");
  assert.equal(boxes().length, 3);
  assert.ok(!boxes().some(({ disabled }) => disabled));
});

test("what changed is said once the documents are there; a late answer changes nothing", async (context) => {
  await shown();
  await soon(100);
  const announcer = element();
  const find = document.getElementById;
  context.mock.method(document, "getElementById", (id) => (id === "announcer" ? announcer : find(id)));
  const late = Promise.withResolvers();
  const { answer: usual } = { answer };
  answer = async (given) => {
    if (given.groups === "trust,ec2,logs") await late.promise;
    return usual(given);
  };
  await tick(1, false);
  await soon(100);
  assert.equal(announcer.textContent, "");
  await tick(4, false);
  await soon(100);
  assert.equal(announcer.textContent, t.grants.changed("LOGS", t.grants.states.none));
  late.resolve();
  await soon(60);
  assert.ok(main.textContent.includes("c trust,ec2"));
  assert.ok(!main.textContent.includes("c trust,ec2,logs"));
});

test("an older API, which knows no choice, has its policy shown", async () => {
  answer = () => ({ groups: GROUPS, policy_document: policyOf(ALL) });
  await shown();
  assert.deepEqual(asked, []);
  assert.equal(boxes().length, 0);
  assert.ok(main.textContent.includes(t.access.policyText));
});
