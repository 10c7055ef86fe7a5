// The view that connects an account: what turns, what is done by itself, and what is offered at the end.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { all, announced, announcerIn, button, hold, modal, opened, press, signIn, submit, toasts } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { readNow } = await import(`${page}/lib/dom.js`);
const { when } = await import(`${page}/lib/format.js`);
const { SLOW_AFTER_MS } = await import(`${page}/lib/ui.js`);
const { connect } = await import(`${page}/views/connect.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session, "admin");

const step = (name) => ({ step: name, group: name.split(":")[0], ok: true, verdict: "allowed" });
const TRUST = ["sts:AssumeRole", "trust:account-matches", "trust:without-external-id", "trust:with-wrong-external-id"];
const STEPS = [...TRUST, "ec2:StopInstances"].map(step);
const GUIDE = {
  steps: [],
  deploy_on_aws_url: "https://console.aws.amazon.com/x#/y?templateURL=https%3A%2F%2Fb.example%2Frole-v1.yaml",
  cloudformation_template: "{}",
};
const instance = (name, state) => ({ kind: "ec2", instance_id: `i-${name}`, name, region: "us-east-1", state });

/** What the API has, and what it was asked to do. */
let account, tests, instances, unavailable, resources, invitations, acts, view;
let listings = 0;

beforeEach(() => {
  view?.abort();
  modal()?.close();
  store.forget();
  account = {
    account_id: "a",
    name: "A",
    provider_id: "123456789012",
    role_arn: "arn:aws:iam::123456789012:role/CavokCloud",
    status: "unconfirmed",
    access_type: "assume_role",
    version: 1,
    issues: [],
  };
  [tests, instances, unavailable, resources, invitations, acts] = [[], [], [], [], [], []];
  globalThis.fetch = async (address, { method, body }) => {
    const { pathname } = new URL(address);
    if (method === "POST" && pathname.endsWith("/detection")) return Response.json({ state: "waiting" });
    if (method !== "GET") {
      acts.push([method, pathname, body && JSON.parse(body)]);
      if (pathname.endsWith("/invitations"))
        return method === "POST"
          ? Response.json({ url: "./#/invitation/TOKEN", expires_at: "2099-01-01T00:00:00Z" }, { status: 201 })
          : new Response(null, { status: 204 });
      if (pathname.endsWith("/verifications")) {
        tests = [{ verification_id: "v", state: "running", steps: [] }];
        account = { ...account, testing: true };
        return Response.json(tests[0], { status: 202 });
      }
      if (resources.some(({ instance_id: there }) => there === JSON.parse(body).instance_id))
        return Response.json({ title: "Conflict", code: "already_controlled" }, { status: 409 });
      const made = { ...JSON.parse(body), resource_id: `r${resources.length}` };
      resources.push(made);
      return Response.json(made, { status: 201 });
    }
    if (pathname.endsWith("/verifications")) return Response.json({ items: tests, next_cursor: null });
    if (pathname.endsWith("/v")) return Response.json(tests[0]);
    if (pathname.endsWith("/instructions")) return Response.json(GUIDE);
    if (pathname.endsWith("/instances")) {
      listings += 1;
      return Response.json({ items: instances, unavailable });
    }
    const one = resources.find(({ resource_id: resource }) => pathname.endsWith(`/resources/${resource}`));
    if (one) return Response.json(one);
    if (pathname.endsWith("/invitations")) return Response.json({ items: invitations, next_cursor: null });
    if (pathname.endsWith("/resources")) return Response.json({ items: resources, next_cursor: null });
    return Response.json(account);
  };
});

function open() {
  store.add(account, Date.now());
  view = new AbortController();
  return opened(connect, view.signal);
}

const waysIn = (main) =>
  all(main)
    .map((node) => node.getAttribute?.("class") ?? "")
    .filter((name) => name.startsWith("diagram-way"))
    .map((name) => name.replace("diagram-way is-", ""));

const turned = async (change) => {
  change();
  readNow();
  await soon(40);
  readNow();
  await soon(40);
};

test("that it was added is no news any more once it is connected, or after another view", async () => {
  for (const [there, next, isNews] of [
    [account, "#/accounts", true],
    [account, "#/accounts/a", false],
    [{ ...account, status: "confirmed" }, "#/accounts", false],
  ]) {
    account = there;
    store.forget();
    open();
    await soon(20);
    location.hash = next;
    view.abort();
    assert.equal(Boolean(store.takeAdded()), isNews, `${there.status}, then ${next}`);
  }
});

test("each way turns as the steps of a test come, and the end is what was found", async () => {
  const main = open();
  await until(() => main.textContent.includes(t.instructions.looks.waiting));
  assert.deepEqual(waysIn(main), ["waiting", "waiting"]);
  assert.ok(main.textContent.includes(t.instructions.deploy));

  await turned(() => {
    account = { ...account, testing: true };
    tests = [{ verification_id: "v", state: "running", steps: STEPS.slice(0, 2) }];
  });
  assert.deepEqual(waysIn(main), ["working", "waiting"]);
  await turned(() => (tests = [{ ...tests[0], steps: STEPS.slice(0, 4) }]));
  assert.deepEqual(waysIn(main), ["done", "working"]);

  instances = [instance("web-dev", "running"), instance("db", "running"), instance("old", "stopped")];
  await turned(() => {
    account = { ...account, testing: false, status: "confirmed", version: 2 };
    tests = [{ ...tests[0], state: "finished", outcome: "confirmed", steps: STEPS }];
  });
  await until(() => main.textContent.includes(t.connect.connected));
  assert.deepEqual(waysIn(main), ["done", "done"]);
  for (const said of [t.connect.found(3, true), t.connect.running(2), t.connect.unscheduled(2)])
    assert.ok(main.textContent.includes(said), said);

  // What breaks again is not called connected; what is mended is looked at again.
  const found = () => main.querySelector(".found");
  await turned(() => (account = { ...account, status: "failed", version: 3 }));
  assert.equal(isHidden(found()), true);
  resources = [{ ...instances[0], resource_id: "r0", schedule: { time_zone: "UTC", windows: [] } }];
  await turned(() => (account = { ...account, status: "confirmed", version: 4 }));
  await until(() => main.textContent.includes(t.connect.unscheduled(1)));
  assert.equal(isHidden(found()), false);
});

for (const [what, end] of [
  ["it is there", (go) => go()],
  ["that takes long", (_, slow) => slow.forEach((work) => work())],
])
  test(`what is to be known of a connected account waits for what was found, until ${what}`, async (context) => {
    const { setTimeout: really } = globalThis;
    const slow = [];
    context.mock.method(globalThis, "setTimeout", (work, wait) =>
      wait === SLOW_AFTER_MS ? slow.push(work) : really(work, wait),
    );
    const issues = [{ code: "capability_off", severity: "info", message: "RDS is off.", remedy: "" }];
    Object.assign(account, { status: "confirmed", issues });
    const go = hold((address) => String(address).includes("/instances"));
    const main = open();
    const known = () =>
      all(main).find(({ textContent, tag }) => tag === "section" && textContent.includes("RDS is off."));
    await until(known);
    await soon(20);
    assert.equal(known().parentNode.hidden, true);
    end(go, slow);
    await until(() => !known().parentNode.hidden);
    go();
    await until(() => main.textContent.includes(t.connect.connected));
    assert.equal(known().parentNode.hidden, false);
  });

/** Where something with this text is, in the order of reading. */
const placeOf = (main, text) => all(main).findIndex((node) => !node.children.length && node.textContent === text);
/** Whether a part, or one that it is in, is hidden. */
const isHidden = (node) => Boolean(node) && (node.hidden === true || isHidden(node.parentNode));

test("the primary button comes before the test that is not needed", async () => {
  const main = open();
  await until(() => button(main, t.invite.action));
  await until(() => !isHidden(button(main, t.instructions.testNow)));
  assert.ok(placeOf(main, t.instructions.deploy) < placeOf(main, t.instructions.testNow));
});

test("what is above the state must be there before it, but not if it hangs", async (context) => {
  const { setTimeout: really } = globalThis;
  const slow = [];
  context.mock.method(globalThis, "setTimeout", (work, wait) =>
    wait === SLOW_AFTER_MS ? slow.push(work) : really(work, wait),
  );
  const go = hold((address) => String(address).includes("/instructions"));
  const main = open();
  await until(() => button(main, t.instructions.testNow));
  assert.equal(isHidden(button(main, t.instructions.testNow)), true);
  slow.forEach((work) => work());
  await until(() => !isHidden(button(main, t.instructions.testNow)));
  go();
});

/** What leads on, if it is shown. */
const onwardIn = (main) =>
  all(main).find((node) => node.tag === "a" && node.textContent === t.instructions.open && !isHidden(node));

test("an account that is connected as degraded leads on, too, with what is wrong and another test", async () => {
  Object.assign(account, { status: "degraded", issues: [{ code: "permission_lost", message: "Lost.", remedy: "" }] });
  const main = open();
  await until(() => main.textContent.includes(t.connect.connected));
  await until(() => onwardIn(main));
  assert.ok(!isHidden(button(main, t.instructions.testNow)) && main.textContent.includes("Lost."));
  // They stay where they are.
  const beside = () =>
    onwardIn(main)
      .parentNode.querySelectorAll(".button")
      .map(({ textContent }) => textContent);
  assert.deepEqual(beside(), [t.instructions.testNow, t.instructions.open]);
  await turned(() => (account = { ...account, testing: true, version: 2 }));
  assert.deepEqual(beside(), [t.instructions.testNow, t.instructions.open]);
});

test("what a test finds wrong once it is connected comes below the test, and below what leads on", async () => {
  Object.assign(account, { status: "degraded", issues: [{ code: "permission_lost", message: "Lost.", remedy: "" }] });
  tests = [{ verification_id: "v", state: "running", steps: STEPS }];
  const main = open();
  const testNow = () => button(main, t.instructions.testNow);
  await until(() => main.textContent.includes(t.connect.connected) && !isHidden(testNow()));
  await soon(20);
  const issues = () => main.querySelector(".issues");
  assert.equal(issues(), null, "while the test runs");
  await turned(() => (tests = [{ ...tests[0], state: "finished", outcome: "degraded" }]));
  await until(() => issues() && !isHidden(issues()));
  const places = [testNow(), onwardIn(main), issues()];
  const inOrder = places.map((node) => all(main).indexOf(node));
  assert.deepEqual(
    inOrder,
    inOrder.toSorted((one, other) => one - other),
  );
});

for (const [before, after] of [
  ["degraded", "failed"],
  ["failed", "degraded"],
])
  test(`who reads what is wrong keeps the focus when it changes its place, ${before} before`, async () => {
    const issues = [{ code: "permission_lost", message: "Lost.", remedy: "" }];
    Object.assign(account, { status: before, issues });
    const main = open();
    const section = () => all(main).find(({ tag, textContent }) => tag === "section" && textContent.includes("Lost."));
    await until(() => section() && !isHidden(section()));
    const [heading] = section().querySelectorAll("h2");
    heading.focus();
    await turned(() => (account = { ...account, status: after, version: 2 }));
    assert.equal(isHidden(main.querySelector(".deploy")), after === "degraded");
    assert.ok(document.activeElement === heading);
  });

test("a confirmed account is said to be connected once, and leads on", async () => {
  Object.assign(account, { status: "confirmed" });
  const main = open();
  await until(() => main.textContent.includes(t.connect.connected));
  await until(() => onwardIn(main));
  assert.equal(isHidden(main.querySelector(".watch")), true);
  assert.equal(onwardIn(main).href, "#/accounts/a");
});

test("who pressed what is gone once it is connected is at what was found", async () => {
  const main = open();
  await until(() => main.querySelector(".deploy a"));
  main.querySelector(".deploy a").focus();
  await turned(() => (account = { ...account, status: "confirmed", version: 2 }));
  await until(() => main.textContent.includes(t.connect.connected));
  await until(() => document.activeElement.contains(main.querySelector(".found")));
  assert.ok(!document.activeElement.contains(main.querySelector(".deploy")));
  await turned(() => (account = { ...account, status: "failed", version: 3 }));
  assert.equal(document.activeElement.contains(main.querySelector(".deploy")), true);
});

test("a test that has begun is said to have begun, whatever cannot be read after it", async (context) => {
  const main = open();
  await until(() => button(main, t.instructions.testNow));
  const said = announced(announcerIn(context));
  const { fetch } = globalThis;
  globalThis.fetch = async (address, options) =>
    options.method === "GET" && acts.length
      ? Response.json({ title: "Busy", detail: "Later." }, { status: 503, headers: { "retry-after": "60" } })
      : fetch(address, options);
  toasts.replaceChildren();
  press(button(main, t.instructions.testNow));
  await until(() => acts.length);
  await soon(150);
  assert.equal(toasts.textContent, "");
  assert.ok(said.join(" ").includes(t.list.begun("A")), said);
  assert.ok(!main.querySelector(".freshness").textContent.includes(t.time.live), "the view says that it is old");
});

test("there are no tabs, and one primary button", async () => {
  const main = open();
  await until(() => main.textContent.includes(t.instructions.deploy));
  assert.equal(main.querySelector(".subnav"), null);
  const primary = all(main).filter((node) => node.classList?.contains("button-primary"));
  assert.deepEqual(
    primary.map((node) => node.textContent),
    [t.instructions.deploy],
  );
});

const REFUSED = { code: "credentials_rejected", severity: "problem", message: "Refused.", remedy: "Rotate keys." };
const REVOKED = { code: "revoked", severity: "problem", message: "Revoked.", remedy: "" };
const LOST = { code: "permission_lost", severity: "problem", message: "Lost.", remedy: "" };
const role = { access_type: "assume_role" };
const key = { access_type: "access_key", role_arn: null, access_key_id: "WXYZ" };
const visible = (main, matches) => all(main).filter((node) => matches(node) && !isHidden(node));
const primaryIn = (main) =>
  visible(main, (node) => node.classList?.contains("button-primary")).map(({ textContent }) => textContent);

for (const [what, changes, expected] of [
  ["a role that is awaited", role, t.instructions.deploy],
  ["a role that refused", { ...role, issues: [REFUSED] }, t.instructions.deploy],
  ["a role that failed", { ...role, status: "failed", issues: [LOST] }, t.instructions.deploy],
  ["a revoked role", { ...role, issues: [REVOKED] }, t.instructions.testNow],
  ["a role with all added", { ...role, status: "confirmed" }, t.instructions.open],
  ["a degraded role with all added", { ...role, status: "degraded", issues: [LOST] }, t.instructions.open],
  ["a key that was not tested", key, t.instructions.testNow],
  ["a refused key", { ...key, issues: [REFUSED] }, t.account.rotate],
  ["a key that was refused later", { ...key, status: "failed", issues: [REFUSED] }, t.account.rotate],
  ["a refused key that is tested again", { ...key, testing: true, issues: [REFUSED] }, t.account.rotate],
  ["a revoked key", { ...key, issues: [REVOKED] }, t.instructions.testNow],
  ["a key with all added", { ...key, status: "confirmed" }, t.instructions.open],
])
  test(`${what} has one primary button, before the others, and a way onward`, async () => {
    Object.assign(account, changes);
    tests = [{ verification_id: "v", state: "aborted", steps: [] }];
    const main = open();
    await until(() => onwardIn(main) && primaryIn(main).length);
    assert.deepEqual(primaryIn(main), [expected]);
    const [first] = visible(main, ({ tag, classList }) => tag === "button" || classList?.contains("button"));
    // Of a degraded account, "Test now" stays where it is.
    if (account.status !== "degraded") assert.equal(first.textContent, expected);
  });

const ABORTED = { verification_id: "v", state: "aborted", steps: [] };
const RUNNING = { verification_id: "v", state: "running", steps: [] };
// Whether the account says that it is tested, and its newest test.
const TESTS = {
  "without a test": [false, []],
  "after a test": [false, [ABORTED]],
  "as a test runs": [true, [RUNNING]],
  "as a test runs that only the account knows": [true, [ABORTED]],
  "as a test runs that the account does not know yet": [false, [RUNNING]],
};
/** Once there is something to add. */
const addIn = (main) => all(main).find((node) => node.dataset.part === "add" && !node.getAttribute("aria-busy"));

const { deploy, testNow, open: openIt } = t.instructions;
const { add } = t.connect;
const retry = t.actions.retry;
const DEGRADED = { status: "degraded", issues: [LOST] };
// Each account, its primary button, and that once its instructions, or its instances, could not be read.
const PRIMARY = [
  ["a role that is awaited", role, deploy, retry],
  ["a role that refused", { ...role, issues: [REFUSED] }, deploy, retry],
  ["a role that failed", { ...role, status: "failed", issues: [LOST] }, deploy, retry],
  ["a revoked role", { ...role, issues: [REVOKED] }, testNow],
  ["a confirmed role", { ...role, status: "confirmed" }, add, openIt],
  ["a degraded role", { ...role, ...DEGRADED }, add, openIt],
  ["a key that was not tested", key, testNow],
  ["a refused key", { ...key, issues: [REFUSED] }, t.account.rotate],
  ["a key that failed", { ...key, status: "failed", issues: [REFUSED] }, t.account.rotate],
  ["a revoked key", { ...key, issues: [REVOKED] }, testNow],
  ["a confirmed key", { ...key, status: "confirmed" }, add, openIt],
  ["a degraded key", { ...key, ...DEGRADED }, add, openIt],
];
const ANSWERS = [
  ["is there", null],
  ["is refused", () => Response.json({ title: "Broken" }, { status: 500 })],
  ["hangs", () => new Promise(() => {})],
];
for (const [what, changes, primary, ofFailed = primary] of PRIMARY)
  for (const [how, answers] of ANSWERS)
    test(`${what} has one primary button at any time, if what is read for it ${how}`, async (context) => {
      const { setTimeout: really } = globalThis;
      const slow = [];
      context.mock.method(globalThis, "setTimeout", (work, wait) =>
        wait === SLOW_AFTER_MS ? slow.push(work) : really(work, wait < 3_000 ? 0 : wait),
      );
      const { fetch } = globalThis;
      let isMended = false;
      globalThis.fetch = (address, options) =>
        answers && !isMended && /\/(instructions|instances)$/.test(address) ? answers() : fetch(address, options);
      const before = account;
      const isIn = ["confirmed", "degraded"].includes(changes.status);
      // Of a connected account, all may be added already.
      for (const isLeft of isIn ? [true, false] : [true])
        for (const [state, [testing, newest]] of Object.entries(TESTS)) {
          view?.abort();
          store.forget();
          [account, tests, isMended] = [{ ...before, ...changes, testing }, newest, false];
          instances = isLeft ? [instance("web", "running")] : [];
          const main = open();
          const atEnd = isIn && !isLeft ? openIt : primary;
          const end = answers ? ofFailed : atEnd;
          const known = [primary, end, atEnd, isIn && openIt];
          const shown = [];
          const look = () => shown.push(primaryIn(main).join(" and "));
          const becomes = async (last) => {
            look();
            for (let turn = 0; turn < 500 && shown.at(-1) !== last; turn += 1) await soon(0).then(look);
            await soon(4).then(look);
            assert.equal(shown.at(-1), last, `${state}, ${instances.length} to add: ${shown}`);
            assert.ok(
              shown.every((each) => known.includes(each)),
              `${state}, ${instances.length} to add: ${shown}`,
            );
          };
          const awaited = how === "hangs" ? primary : end;
          // What is there is looked for once the test is over.
          await becomes(isIn && testing ? openIt : awaited);
          [account, tests] = [{ ...account, testing: false }, [ABORTED]];
          readNow();
          await becomes(awaited);
          if (how === "hangs") slow.splice(0).forEach((work) => work());
          await becomes(end);
          // Its room stays, so that nothing moves as the answer comes at last.
          if (how === "hangs" && isIn) assert.ok(all(main).some(({ dataset }) => dataset.part === "add"));
          isMended = true;
          const [again] = visible(main, ({ tag, textContent }) => tag === "button" && textContent === retry);
          if (again) press(again);
          await becomes(again ? atEnd : end);
        }
    });

for (const [what, status, expected] of [
  ["is gone", 404, t.notFound.back],
  ["could not be read yet", 503, retry],
])
  test(`an account that ${what} has one primary button`, async () => {
    const { fetch } = globalThis;
    globalThis.fetch = async (address, options) =>
      String(address).endsWith("/v1/accounts/a")
        ? Response.json({ title: "Not now", code: "account_not_found" }, { status })
        : fetch(address, options);
    view = new AbortController();
    const main = opened(connect, view.signal);
    await until(() => primaryIn(main).length);
    assert.deepEqual(primaryIn(main), [expected]);
  });

test("once there is something to add, that is what is next", async () => {
  account = { ...account, status: "confirmed" };
  instances = [instance("web", "running")];
  const main = open();
  await until(() => onwardIn(main));
  assert.deepEqual(primaryIn(main), [t.connect.add]);
  press(addIn(main));
  await until(() => modal());
  press(button(modal(), t.several.all));
  await soon(20);
  submit();
  await until(() => primaryIn(main)[0] === t.instructions.open);
});

test("what was found is announced once, and not as it is added", async (context) => {
  // What the test before has said.
  await soon(100);
  const said = announced(announcerIn(context));
  account = { ...account, status: "confirmed" };
  instances = ["one", "two"].map((name) => instance(name, "running"));
  const main = open();
  await until(() => addIn(main) && onwardIn(main));
  addedByOthers("one");
  await turned(() => {});
  await until(() => main.textContent.includes(t.connect.unscheduled(1)));
  await soon(150);
  assert.equal(said.join(" ").split(t.connect.connected).length, 2, said.join());
});

test("a refused key is replaced on this view, which then asks for a test", async () => {
  Object.assign(account, key, { issues: [REFUSED] });
  tests = [{ verification_id: "v", state: "finished", outcome: "failed", steps: [] }];
  const main = open();
  await until(() => primaryIn(main).length);
  assert.deepEqual(waysIn(main), ["failed", "waiting"]);
  press(button(main, t.account.rotate));
  await until(() => modal());
  const [id, secret] = modal().querySelectorAll("input");
  [id.value, secret.value] = ["AKIAIOSFODNN7EXAMPLE", "secret"];
  submit();
  await until(() => acts.length);
  assert.deepEqual(acts[0].slice(0, 2), ["PUT", "/v1/accounts/a/credentials"]);
  await turned(() => (account = { ...account, issues: [], version: 2 }));
  assert.deepEqual(primaryIn(main), [t.instructions.testNow]);
  assert.deepEqual(waysIn(main), ["waiting", "waiting"]);
});

test("an account with a key begins its first test by itself, once", async () => {
  account = { ...account, access_type: "access_key", role_arn: null };
  const main = open();
  await until(() => acts.length);
  await soon(40);
  assert.deepEqual(
    acts.map(([method, path]) => `${method} ${path}`),
    ["POST /v1/accounts/a/verifications"],
  );
  assert.ok(main.textContent.includes(t.connect.keyTitle));
});

for (const [what, changes, has] of [
  ["that a test found wanting", { issues: [{ code: "keys_refused", severity: "problem", message: "" }] }, []],
  ["whose use is revoked", { issues: [{ code: "revoked", severity: "problem", message: "" }] }, []],
  ["that was tested", {}, [{ verification_id: "v", state: "aborted", steps: [] }]],
])
  test(`a key ${what} is not tested by itself`, async () => {
    account = { ...account, access_type: "access_key", role_arn: null, ...changes };
    tests = has;
    open();
    await soon(80);
    assert.deepEqual(acts, []);
  });

test("a key whose tests could not be read is not tested by itself", async () => {
  account = { ...account, access_type: "access_key", role_arn: null };
  const { fetch } = globalThis;
  globalThis.fetch = async (address, request) =>
    request.method === "GET" && String(address).includes("/verifications")
      ? Response.json({ title: "Forbidden", detail: "No." }, { status: 403 })
      : fetch(address, request);
  open();
  await soon(80);
  assert.deepEqual(acts, []);
});

test("what names suggest is chosen already, and each instance has its own result", async () => {
  account = { ...account, status: "confirmed" };
  tests = [{ verification_id: "v", state: "finished", outcome: "confirmed", steps: STEPS }];
  instances = [instance("web-dev", "running"), instance("orders", "running"), instance("prod-db", "running")];
  const main = open();
  await until(() => addIn(main));
  press(addIn(main));
  await until(() => modal());
  const lines = modal().querySelectorAll(".several-line");
  assert.deepEqual(
    lines.map((line) => [Boolean(line.querySelector("input").checked), line.textContent.includes("web-dev")]),
    [
      [true, true],
      [true, false],
      [false, false],
    ],
  );
  assert.ok(lines[0].textContent.includes(t.adding.because("dev")));
  assert.ok(lines[1].textContent.includes(t.adding.because("")));
  assert.ok(lines[2].textContent.includes(t.adding.because("prod")));
  lines[0].querySelector("select").value = "office";
  lines[1].querySelector("select").value = "none";
  submit();
  await until(() => acts.length === 2);
  assert.deepEqual(
    acts.map(([, , { instance_id: id, schedule }]) => [id, schedule?.windows.length ?? null]),
    [
      ["i-web-dev", 1],
      ["i-orders", null],
    ],
  );
});

/** Opens Add resources for four instances. The schedule of those chosen, and that of each. */
async function addingSeveral() {
  account = { ...account, status: "confirmed" };
  instances = ["web-1", "api", "qa", "prod-db"].map((name) => instance(name, "running"));
  const main = open();
  await until(() => addIn(main));
  press(addIn(main));
  await until(() => modal());
  await soon(20);
  return modal().querySelectorAll("select");
}

test("all that are chosen get one schedule at once, and the others keep theirs", async () => {
  const [atOnce, ...choices] = await addingSeveral();
  const values = () => choices.map(({ value }) => value);
  Object.assign(atOnce, { value: "nights" }).dispatchEvent(new Event("change"));
  assert.deepEqual(values().slice(0, 3), ["nights", "nights", "nights"]);
  assert.notEqual(values()[3], "nights");
  assert.equal(atOnce.value, "nights");
  // It says what those that are chosen have.
  Object.assign(choices[0], { value: "office" }).dispatchEvent(new Event("change"));
  assert.equal(atOnce.value, "");
  press(button(modal(), t.several.noneOfAll));
  await soon(20);
  assert.equal(atOnce.disabled, true);
  submit();
  await until(() => modal().textContent.includes(t.several.needed));
  const wrong = all(modal()).filter((node) => node.getAttribute("aria-invalid"));
  assert.deepEqual(new Set(wrong.map(({ tag }) => tag)), new Set(["input"]), "no schedule is wrong");
  Object.assign(choices[0], { value: "nights" }).dispatchEvent(new Event("change"));
  assert.ok(!modal().textContent.includes(t.several.needed));
  assert.equal(atOnce.disabled, false);
});

test("nights off is given at a press to those of the chosen that have no schedule yet, and to no others", async () => {
  const [atOnce, ...choices] = await addingSeveral();
  for (const [at, value] of ["none", "none", "office", "none"].entries()) choices[at].value = value;
  const values = () => choices.map(({ value }) => value);
  press(button(modal(), t.adding.nightsForOthers));
  await soon(20);
  assert.deepEqual(values(), ["nights", "nights", "office", "none"]);
  assert.equal(atOnce.value, "", "they have different ones");
  submit();
  await until(() => acts.length === 3);
  assert.deepEqual(
    acts.map(([, , { schedule }]) => schedule.windows[0].start),
    ["06:00", "06:00", "08:00"],
  );
});

test("whoever chooses a schedule for an instance adds it with that", async () => {
  account = { ...account, status: "confirmed" };
  instances = [instance("orders", "running")];
  const main = open();
  await until(() => addIn(main));
  press(addIn(main));
  await until(() => modal());
  press(button(modal(), t.several.noneOfAll));
  await soon(20);
  const choice = modal().querySelector(".several-line select");
  Object.assign(choice, { value: "office" }).dispatchEvent(new Event("change"));
  assert.equal(modal().querySelector(".several-line input").checked, true);
  submit();
  await until(() => acts.length);
  assert.equal(acts[0][2].instance_id, "i-orders");
});

const OFFICE = { time_zone: "UTC", windows: [{ days: ["mon"], start: "08:00", stop: "18:00" }] };
const addedByOthers = (...names) =>
  resources.push(...names.map((name) => ({ ...instance(name), resource_id: `r-${name}`, schedule: OFFICE })));

test("what others add is offered no more once the page looks, without another listing", async (context) => {
  const said = announced(announcerIn(context));
  account = { ...account, status: "confirmed" };
  instances = ["one", "two"].map((name) => instance(name, "running"));
  listings = 0;
  const main = open();
  await until(() => addIn(main) && onwardIn(main));
  addedByOthers("one");
  await turned(() => {});
  await until(() => main.textContent.includes(t.connect.unscheduled(1)));
  // Before the modal opens, it looks by itself.
  addedByOthers("two");
  addIn(main).focus();
  press(addIn(main));
  await until(() => main.textContent.includes(t.connect.allAdded));
  assert.deepEqual([modal(), listings], [undefined, 1]);
  assert.deepEqual(primaryIn(main), [t.instructions.open]);
  await soon(80);
  assert.equal(said.at(-1), t.connect.allAdded);
  // It keeps its room, and the focus.
  const offer = addIn(main);
  assert.ok(document.activeElement === offer && offer.getAttribute("aria-disabled"));
  press(offer);
  assert.ok(toasts.textContent.includes(t.connect.allAdded));
});

test("one instance, or none, is said in words that fit", () => {
  const { found, running, unscheduled } = t.connect;
  const one = [found(1, true), running(1, 1), unscheduled(1, 1)].join(" ");
  assert.equal(one, "We found 1 instance. It runs now. It is not stopped at night by a schedule here.");
  const few = [found(3, false), running(2, 3), unscheduled(1, 2)].join(" ");
  assert.equal(few, "We found at least 3 instances. 2 run now. 1 of them is not stopped at night by a schedule here.");
  assert.equal(found(0, false), "We found no instances where we could look.");
});

test("what is under control by now, as its modal opens, is not in it", async () => {
  account = { ...account, status: "confirmed" };
  instances = ["one", "two"].map((name) => instance(name, "running"));
  const main = open();
  await until(() => addIn(main));
  addedByOthers("one");
  press(addIn(main));
  await until(() => modal());
  assert.equal(modal().querySelectorAll(".several-line").length, 1);
});

test("one that another person adds meanwhile keeps its schedule, is said so and not sent again", async () => {
  account = { ...account, status: "confirmed" };
  instances = ["one", "two", "three"].map((name) => instance(name, "running"));
  const main = open();
  await until(() => addIn(main));
  press(addIn(main));
  await until(() => modal());
  await soon(20);
  addedByOthers("one");
  const { fetch } = globalThis;
  globalThis.fetch = async (address, options) =>
    options.body?.includes("i-two") ? Response.json({ title: "Busy" }, { status: 409 }) : fetch(address, options);
  const [line] = modal().querySelectorAll(".several-line");
  const said = modal().querySelector(".several-said");
  for (let turn = 0; turn < 3; turn += 1) {
    acts = [];
    submit();
    await until(() => said.textContent.includes(t.several.again));
    await soon(20);
    assert.equal(line.querySelector(".several-result").textContent, t.adding.isThere(OFFICE));
    assert.deepEqual([line.querySelector("input").checked, line.querySelector("select").disabled], [false, true]);
    assert.equal(acts.length, turn ? 0 : 2);
    press(button(modal(), t.several.all));
    await soon(20);
  }
  globalThis.fetch = fetch;
  submit();
  await until(() => !modal());
  assert.ok(toasts.textContent.includes(t.adding.allSet(2)), toasts.textContent);
  assert.deepEqual(resources[0].schedule, OFFICE);
});

test("once others have added all, another press says so: nothing is left to be chosen", async () => {
  account = { ...account, status: "confirmed" };
  const names = ["one", "two"];
  instances = names.map((name) => instance(name, "running"));
  const main = open();
  await until(() => addIn(main));
  press(addIn(main));
  await until(() => modal());
  await soon(20);
  for (const name of names) addedByOthers(name);
  submit();
  await until(() => modal().querySelector(".several-said").textContent.includes(t.adding.there(2)));
  await soon(20);
  submit();
  await until(() => modal().querySelector(".form-error").textContent);
  assert.equal(modal().querySelector(".form-error").textContent, t.adding.there(2));
  assert.ok(!modal().textContent.includes(t.several.needed));
  modal().close();
});

test("the time zone is read once for all that are added, not for each of them with each", async (context) => {
  account = { ...account, status: "confirmed" };
  instances = Array.from({ length: 12 }, (_, index) => instance(`dev${index}`, "running"));
  const main = open();
  await until(() => addIn(main));
  press(addIn(main));
  await until(() => modal());
  await soon(20);
  const chosen = modal()
    .querySelectorAll(".several-line")
    .map((line) => line.querySelector("select"));
  for (const choice of chosen) choice.value = "office";
  const read = context.mock.method(Intl.DateTimeFormat.prototype, "resolvedOptions");
  submit();
  await until(() => !modal());
  assert.equal(acts.length, 12);
  assert.ok(read.mock.callCount() < 12, `${read.mock.callCount()} times`);
});

test("one whose resource is refused for a field says so in its line, and the others are added", async () => {
  account = { ...account, status: "confirmed" };
  instances = [instance("web-dev", "running"), instance("orders", "running")];
  const main = open();
  await until(() => addIn(main));
  press(addIn(main));
  await until(() => modal());
  const { fetch } = globalThis;
  const errors = [{ field: "instance_id", message: "AWS does not know it." }];
  globalThis.fetch = async (address, options) =>
    options.body?.includes("web-dev")
      ? Response.json({ title: "Wrong", errors }, { status: 422 })
      : fetch(address, options);
  submit();
  await until(() => modal()?.textContent.includes(t.several.again));
  assert.ok(modal().querySelector(".several-result").textContent.includes("instance_id: AWS does not know it."));
  assert.deepEqual(
    acts.map(([, , { instance_id: id }]) => id),
    ["i-orders"],
  );
  assert.ok(modal().textContent.includes(t.adding.set(1, 2)));
  modal().close();
});

test("what could not be listed is said with its kind: of a region, another kind may be there", async () => {
  account = { ...account, status: "confirmed" };
  unavailable = [{ region: "us-east-1", kind: "rds", detail: "AWS refused it." }];
  const main = open();
  await until(() => main.textContent.includes("AWS refused it."));
  const where = t.instances.where(t.instances.kinds.rds, "us-east-1");
  assert.ok(main.textContent.includes(`${where}: AWS refused it.`), main.textContent);
});

/** The modal of the link, once it says this. What it says first, and its button to withdraw. */
async function linkOpened(says) {
  const main = open();
  await until(() => button(main, t.invite.action));
  press(button(main, t.invite.action));
  const line = modal().querySelector(".link-valid").querySelector("span");
  const [first, withdraw] = [line.textContent.trim(), button(modal(), t.invite.withdraw)];
  assert.equal(withdraw.hidden, true);
  await until(() => line.textContent === says);
  return { first, withdraw };
}
const actsDone = () => acts.map(([method, path]) => `${method} ${path}`);

test("the link for an AWS admin is shown once, as an address of this page, and can be withdrawn", async () => {
  const { first, withdraw } = await linkOpened(t.invite.withdrawn);
  assert.equal(first, t.invite.looking, "it opens at once");
  assert.equal(withdraw.hidden, true);
  submit();
  await until(() => modal()?.textContent.includes("#/invitation/TOKEN"));
  assert.ok(modal().textContent.includes(new URL("./#/invitation/TOKEN", location.href).href));
  assert.equal(withdraw.hidden, false);
  press(withdraw);
  await until(() => !modal());
  assert.deepEqual(actsDone(), ["POST /v1/accounts/a/invitations", "DELETE /v1/accounts/a/invitations"]);
});

for (const [what, refused] of [
  ["a link is valid", false],
  ["it cannot be known whether a link is valid", true],
])
  test(`that ${what} is said before another is made, and it can be withdrawn`, async () => {
    invitations = [{ expires_at: "2099-01-01T00:00:00Z" }];
    const { fetch } = globalThis;
    if (refused)
      globalThis.fetch = async (address, options) =>
        String(address).endsWith("/invitations") && options.method === "GET"
          ? Response.json({ title: "Conflict", detail: "Not now." }, { status: 409 })
          : fetch(address, options);
    const valid = t.invite.valid(when(invitations[0].expires_at, { kind: "zoned" }).textContent);
    const { withdraw } = await linkOpened(refused ? t.invite.unknown("Not now.") : valid);
    assert.equal(withdraw.hidden, false);
    press(withdraw);
    await until(() => !modal());
    assert.deepEqual(actsDone(), ["DELETE /v1/accounts/a/invitations"]);
  });

test("a link whose answer is lost is looked for, and can be withdrawn, but not while one is made", async () => {
  const { withdraw } = await linkOpened(t.invite.withdrawn);
  const letGo = hold((_, { method }) => method === "POST");
  const { fetch } = globalThis;
  globalThis.fetch = async (address, options) => {
    const answer = await fetch(address, options);
    if (options.method !== "POST") return answer;
    invitations = [{ expires_at: "2099-01-01T00:00:00Z" }];
    throw new TypeError("Failed to fetch");
  };
  submit();
  await soon(20);
  assert.equal(withdraw.disabled, true);
  letGo();
  await until(() => modal().querySelector(".link-valid").textContent.includes(t.invite.valid("").slice(0, 30)));
  assert.deepEqual([withdraw.hidden, withdraw.disabled], [false, false]);
  press(withdraw);
  await until(() => !modal());
  assert.deepEqual(actsDone(), ["POST /v1/accounts/a/invitations", "DELETE /v1/accounts/a/invitations"]);
});

for (const [what, ends] of [
  ["the modal", () => modal().close()],
  ["making another link", submit],
])
  test(`looking whether a link is valid ends with ${what}`, async () => {
    const main = open();
    await until(() => button(main, t.invite.action));
    let signal;
    const { fetch } = globalThis;
    globalThis.fetch = (address, options) => {
      if (!String(address).endsWith("/invitations") || options.method !== "GET") return fetch(address, options);
      ({ signal } = options);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    press(button(main, t.invite.action));
    await until(() => signal);
    const line = modal().querySelector(".link-valid").querySelector("span");
    ends();
    await until(() => signal.aborted);
    await soon();
    assert.equal(line.textContent.trim(), t.invite.looking);
    modal()?.close();
  });
