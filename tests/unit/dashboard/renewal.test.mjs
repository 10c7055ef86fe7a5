// When a link of "Deploy on AWS" that expires is asked for anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import { opened, signIn, toasts } from "./drawn.mjs";
import { soon } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { instructions } = await import(`${page}/views/instructions.js`);
api.start({});
await signIn(session);

const account = { account_id: "a", name: "A", status: "confirmed", access_type: "access_key", version: 1 };
const link = (name) => {
  const template = encodeURIComponent(`https://b.s3.amazonaws.com/${name}?X-Amz-Expires=3600`);
  return `https://console.aws.amazon.com/x#/y?templateURL=${template}`;
};
const guide = (name) => Response.json({ steps: [], deploy_on_aws_url: link(name), cloudformation_template: "{}" });
let answer, asked, minutes;

/** The guide is open, and time passes by the minutes. */
async function open(context, signal) {
  store.add(account, Date.now());
  answer = () => guide("old");
  asked = minutes = 0;
  globalThis.fetch = async (address) => {
    if (!String(address).endsWith("/instructions")) return Response.json(account);
    asked += 1;
    return answer();
  };
  for (const clock of [performance, Date]) {
    const now = clock.now.bind(clock);
    context.mock.method(clock, "now", () => now() + minutes * 60_000);
  }
  const main = opened(instructions, signal);
  await soon(30);
  return main;
}

test("it is after ten minutes, and then no sooner than the API asks for", async (context) => {
  const view = new AbortController();
  const main = await open(context, view.signal);
  answer = () => Response.json({ title: "Busy" }, { status: 503, headers: { "retry-after": "120" } });
  const times = [];
  for (minutes of [0, 9, 11, 12, 14]) {
    if (minutes === 14) answer = () => guide("new");
    store.changed();
    await soon(20);
    times.push(asked);
  }
  view.abort();
  assert.deepEqual(times, [1, 1, 2, 2, 3]);
  assert.equal(main.querySelector(".deploy a").href, link("new"));
});

test("one that is pressed after the computer slept is renewed before it is followed", async (context) => {
  const view = new AbortController();
  const main = await open(context, view.signal);
  const followed = [];
  globalThis.window = { open: (address, ...how) => followed.push([address, ...how]) };
  const press = async () => {
    const event = new Event("click", { cancelable: true });
    main.querySelector(".deploy a").dispatchEvent(event);
    await soon(20);
    return event.defaultPrevented;
  };
  minutes = 49;
  assert.equal(await press(), false);
  minutes = 51;
  answer = () => guide("new");
  assert.equal(await press(), true);
  assert.deepEqual(followed, [[link("new"), "_blank", "noopener,noreferrer"]]);
  assert.equal(await press(), false, "it is new now");
  view.abort();
  assert.equal(main.querySelector(".deploy a").href, link("new"));
});

/** An answer that waits until it is let go. */
function held(name) {
  let go;
  const waits = new Promise((resolve) => (go = resolve));
  return { go, answer: () => waits.then(() => guide(name)) };
}

test("a late one leaves the link of a role that was changed meanwhile alone, and opens nothing", async (context) => {
  for (const how of ["by itself", "by a press"]) {
    const view = new AbortController();
    const main = await open(context, view.signal);
    const followed = [];
    globalThis.window = { open: (address) => followed.push(address) };
    const late = held("old role");
    answer = late.answer;
    minutes = 51;
    if (how === "by a press") main.querySelector(".deploy a").dispatchEvent(new Event("click", { cancelable: true }));
    else store.changed();
    await soon(20);
    answer = () => guide("new role");
    store.add({ ...account, role_arn: "arn:aws:iam::1:role/CavokB", version: 2 }, Date.now());
    await soon(30);
    assert.equal(main.querySelector(".deploy a").href, link("new role"), how);
    late.go();
    await soon(30);
    assert.equal(main.querySelector(".deploy a").href, link("new role"), how);
    assert.deepEqual(followed, [], how);
    view.abort();
  }
});

test("one that took longer than a browser opens anything after a press is said to be new", async (context) => {
  const view = new AbortController();
  const main = await open(context, view.signal);
  const followed = [];
  globalThis.window = { open: (address) => followed.push(address) };
  const isActive = Object.getOwnPropertyDescriptor(globalThis, "navigator").value ?? navigator;
  context.after(() => delete isActive.userActivation);
  Object.defineProperty(isActive, "userActivation", { value: { isActive: false }, configurable: true });
  minutes = 51;
  answer = () => guide("new");
  main.querySelector(".deploy a").dispatchEvent(new Event("click", { cancelable: true }));
  await soon(20);
  assert.deepEqual(followed, []);
  assert.equal(main.querySelector(".deploy a").href, link("new"));
  assert.match(toasts.textContent, /Press it again/u);
  view.abort();
});

test("so is the link of an invitation, and no other button of the mouse follows it", async (context) => {
  const { invitation } = await import(`${page}/views/invitation.js`);
  const asks = { provider_id: "123456789012", groups: [], permissions_policy: {}, expires_at: "2099-01-01T00:00:00Z" };
  let name = "old";
  globalThis.fetch = async () => Response.json({ ...asks, deploy_on_aws_url: link(name) });
  minutes = 0;
  for (const clock of [performance, Date]) {
    const now = clock.now.bind(clock);
    context.mock.method(clock, "now", () => now() + minutes * 60_000);
  }
  const followed = [];
  globalThis.window = { open: (address) => followed.push(address) };
  const view = new AbortController();
  const main = opened(invitation, view.signal, { token: "TOKEN" });
  await soon(30);
  const press = async (type, button) => {
    const event = Object.assign(new Event(type, { cancelable: true }), { button });
    main.querySelector(".deploy a").dispatchEvent(event);
    await soon(20);
    return event.defaultPrevented;
  };
  [minutes, name] = [51, "new"];
  assert.equal(await press("auxclick", 2), false);
  assert.equal(await press("auxclick", 1), true);
  assert.deepEqual(followed, [link("new")]);
  assert.equal(await press("click", 0), false, "it is new now");
  view.abort();
});

test("the page of an invitation renews its link alone, and ends when it is withdrawn", async (context) => {
  const { invitation } = await import(`${page}/views/invitation.js`);
  const { t } = await import(`${page}/views/texts.js`);
  const { setTimeout: really } = globalThis;
  const waits = [];
  context.mock.method(globalThis, "setTimeout", (work, wait, ...rest) =>
    wait > 60_000 ? waits.push([work, wait]) : really(work, wait, ...rest),
  );
  const asks = { provider_id: "123456789012", groups: [], permissions_policy: {}, expires_at: "2099-01-01T00:00:00Z" };
  let now = () => Response.json({ ...asks, deploy_on_aws_url: link("old") });
  globalThis.fetch = async () => now();
  const view = new AbortController();
  const main = opened(invitation, view.signal, { token: "TOKEN" });
  await soon(30);
  const shown = main.querySelector(".deploy a");
  assert.equal(shown.href, link("old"));
  now = () => Response.json({ ...asks, deploy_on_aws_url: link("new") });
  const pass = async () => {
    const [work, wait] = waits.pop();
    work();
    await soon(30);
    return wait;
  };
  assert.ok((await pass()) <= 10 * 60_000);
  assert.equal(main.querySelector(".deploy a"), shown, "what is open of the rest stays");
  assert.equal(shown.href, link("new"));
  now = () =>
    Response.json({ title: "Gone", detail: "Not any more." }, { status: 404, headers: { "x-request-id": "r" } });
  await pass();
  assert.ok(main.textContent.includes(t.invitation.notValid), main.textContent);
  view.abort();
});
