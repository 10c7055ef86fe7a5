// The webhook's buttons while their requests run, and what is shown is read again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, button, element, opened, press, signIn } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const { readNow } = await import(`${page}/lib/dom.js`);
const { organization } = await import(`${page}/views/organization.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const delivery = (id, tries) => ({
  ...{ event_id: id, type: "Account Failed", at: "2026-01-10T10:00:00Z", status: "waiting", tries },
  ...{ http_status: 500, duration_ms: 20, next_try_at: null },
});
let webhook = {
  ...{ url: "https://a.example", events: ["Account Failed"], state: "active" },
  ...{ created_at: "2026-01-10T10:00:00Z", updated_at: "2026-01-10T10:00:00Z", updated_by: "anna" },
};
let deliveries = [delivery("one", 3), delivery("two", 1)];
const sent = [];
const answer = Promise.withResolvers();
globalThis.fetch = async (address, { method }) => {
  const { pathname } = new URL(address);
  if (method === "POST") {
    sent.push(pathname.split("/webhook/")[1]);
    await answer.promise;
    return Response.json({ detail: "It is on its way." });
  }
  if (pathname.endsWith("/deliveries")) return Response.json({ items: deliveries });
  if (pathname.endsWith("/webhook")) return Response.json(webhook);
  return Response.json({}, { status: 403 });
};

test("what is being sent is not sent again from what was drawn anew meanwhile", async () => {
  const main = element();
  document.body.append(main);
  const view = new AbortController();
  organization({ main, signal: view.signal, title() {} });
  await soon(30);
  main.querySelector("details").dispatchEvent(new Event("toggle"));
  await soon(30);
  const buttons = () => [
    all(main).find(({ dataset }) => dataset.part === "one"),
    all(main).find((node) => node.textContent === t.webhook.test && /^button/.test(node.getAttribute("class"))),
  ];
  for (const each of buttons()) press(each);
  buttons()[0].focus();
  await soon();
  // The row of the first delivery, too.
  deliveries = [delivery("one", 4), delivery("two", 2)];
  webhook = { ...webhook, updated_by: "bert" };
  readNow();
  await soon(30);
  assert.ok(main.textContent.includes("bert") && main.textContent.includes(t.webhook.tries(4)));
  for (const each of buttons()) {
    assert.equal(each.getAttribute("aria-busy"), "true");
    press(each);
  }
  await soon();
  assert.ok(document.activeElement === buttons()[0]);
  answer.resolve();
  await soon(30);
  assert.deepEqual(sent, ["deliveries/one/redeliver", "test"]);
  for (const each of buttons()) assert.equal(each.getAttribute("aria-busy"), null);
  assert.ok(button(main, t.webhook.test));
  view.abort();
});

/** The organization. `isSet`: whether the webhook is there; `settings`: what they wait for; `asked`: for deliveries. */
async function organizationOf(context) {
  const { fetch } = globalThis;
  const there = { isSet: true, settings: Promise.resolve(), asked: 0 };
  context.mock.method(globalThis, "fetch", async (address, options) => {
    if (String(address).endsWith("/deliveries")) there.asked += 1;
    if (String(address).endsWith("/webhook")) await there.settings;
    return there.isSet || !String(address).includes("/webhook")
      ? fetch(address, options)
      : Response.json({ title: "Not Found" }, { status: 404 });
  });
  const view = new AbortController();
  const main = opened(organization, view.signal);
  await soon(30);
  const open = async () => {
    main.querySelector("details").dispatchEvent(new Event("toggle"));
    await soon(30);
  };
  const again = async () => {
    readNow();
    await soon(30);
  };
  return { there, main, open, again, leave: () => view.abort() };
}

test("deliveries of a webhook that was removed stay until its settings are read, and are read on", async (context) => {
  const { there, main, open, again, leave } = await organizationOf(context);
  await open();
  const settings = Promise.withResolvers();
  Object.assign(there, { isSet: false, settings: settings.promise });
  await again();
  assert.ok(main.textContent.includes(webhook.url) && main.textContent.includes(t.webhook.tries(4)));
  assert.ok(!main.textContent.includes(t.webhook.noDeliveries), t.webhook.noDeliveries);
  // Another sets it again before that.
  there.isSet = true;
  settings.resolve();
  deliveries = [delivery("three", 5)];
  await again();
  assert.ok(main.textContent.includes(t.webhook.tries(5)));
  leave();
});

test("who opens the deliveries of a webhook that was removed is told at once that there is none", async (context) => {
  const { there, main, open, leave } = await organizationOf(context);
  there.isSet = false;
  await open();
  assert.ok(main.textContent.includes(t.webhook.none) && !main.textContent.includes(t.webhook.deliveries));
  leave();
});

test("what was not sent in a pause was not tried so often, and nobody failed to answer it", async (context) => {
  // A try that is not made is counted, and after the last one the message is given up.
  const held = { http_status: null, duration_ms: null };
  const items = [
    { ...delivery("one", 4), ...held, status: "paused", next_try_at: "2026-01-10T18:00:00Z" },
    { ...delivery("two", 9), ...held, status: "failed" },
  ];
  const { fetch } = globalThis;
  context.mock.method(globalThis, "fetch", async (address, options) =>
    String(address).endsWith("/deliveries") ? Response.json({ items }) : fetch(address, options),
  );
  const view = new AbortController();
  const main = opened(organization, view.signal);
  await soon(30);
  main.querySelector("details").dispatchEvent(new Event("toggle"));
  await soon(30);
  view.abort();
  const [paused, failed] = main.querySelectorAll(".delivery").map(({ textContent }) => textContent);
  assert.ok(paused.includes(t.webhook.nextTry), paused);
  assert.ok(!paused.includes(t.webhook.tries(4)), paused);
  // The webhook may be resumed before.
  assert.ok(!paused.includes("Paused"), paused);
  assert.ok(failed.includes(t.webhook.deliveryStatus.failed), failed);
  assert.ok(!failed.includes(t.webhook.noAnswer), failed);
});

test("deliveries of a removed webhook are asked for no more, and by one reader once it is set", async (context) => {
  const { there, main, open, again, leave } = await organizationOf(context);
  await open();
  there.isSet = false;
  await again();
  assert.equal(main.querySelector("details"), null);
  there.asked = 0;
  await again();
  assert.equal(there.asked, 0);
  there.isSet = true;
  await again();
  await open();
  there.asked = 0;
  await again();
  assert.equal(there.asked, 1);
  leave();
});

test("one's own test is shown by itself, and a later one of somebody else waits for a press", async (context) => {
  const { setTimeout: really } = globalThis;
  const tries = [1_000, 3_000, 10_000];
  const ran = [];
  context.mock.method(globalThis, "setTimeout", (work, milliseconds) => {
    if (!tries.includes(milliseconds)) return really(work, milliseconds);
    return really(() => ran.push(milliseconds) && work(), milliseconds / 100);
  });
  deliveries = [delivery("one", 1)];
  const { main, open, again, leave } = await organizationOf(context);
  const rows = () => main.querySelectorAll(".delivery").length;
  await open();
  press(button(main, t.webhook.test));
  deliveries = [{ ...delivery("own", 1), type: "Webhook Test" }, ...deliveries];
  await until(() => rows() === 2);
  await until(() => ran.includes(10_000));
  await soon(30);
  deliveries = [{ ...delivery("other", 1), type: "Webhook Test" }, ...deliveries];
  await again();
  assert.equal(rows(), 2);
  assert.ok(!button(main, t.newer.text).hidden);
  leave();
});
