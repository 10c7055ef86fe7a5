// What views show after an act: that which was there until it is read again, and nothing of an account that is gone.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { button, element, hold, modal, opened, press, signIn, submit, toasts } from "./drawn.mjs";
import { soon } from "./soon.mjs";

globalThis.window = { addEventListener() {} };
const page = "../../../functions/dashboard/static";
const api = await import(`${page}/lib/api.js`);
const router = await import(`${page}/lib/router.js`);
const session = await import(`${page}/lib/session.js`);
const store = await import(`${page}/lib/store.js`);
const { readNow } = await import(`${page}/lib/dom.js`);
const { overview } = await import(`${page}/views/account.js`);
const { instances, Instances } = await import(`${page}/views/instances.js`);
const { organization } = await import(`${page}/views/organization.js`);
const { schedules } = await import(`${page}/views/schedules.js`);
const { history: tests } = await import(`${page}/views/tests.js`);
const { accountAudit } = await import(`${page}/views/trail.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({});
await signIn(session);

const account = {
  ...{ account_id: "a", name: "Production", provider_id: "123456789012", status: "confirmed", version: 1 },
  ...{ access_type: "assume_role", issues: [], capabilities: {} },
};
const resource = {
  ...{ resource_id: "r", kind: "ec2", instance_id: "i-1", name: "web1", region: "us-east-1" },
  ...{ schedule: { time_zone: "UTC", windows: [] }, next_action: null },
};
const webhook = { url: "https://hook.example/", events: [], state: "paused", updated_at: "2026-01-01T00:00:00Z" };
const delivery = { event_id: "e", type: "Test", status: "failed", tries: 1, at: "2026-01-01T00:00:00Z" };
const ours = { organization_id: "o", external_id: "x", trusted_account_id: "1", accounts: { total: 1, by_status: {} } };
const usage = { free_interactions: 10, resets_at: "2026-02-01T00:00:00Z", items: [], next_cursor: null };
/** What is asked of the API, and its answers by what an address ends with; an act is done. */
let asked, answers, view;
const outside = { ...resource, next_action: { action: "start", at: "2100-01-01T00:00:00Z" } };
const instance = { ...resource, type: "t3.micro", state: "running", schedule: undefined };
const stopping = {
  interaction_id: "x",
  action: "stop",
  outcome: "accepted",
  result: "pending",
  at: "2026-01-01T00:00:00Z",
};
const acted = (method, path) => {
  if (method === "DELETE") return new Response(null, { status: 204 });
  return Response.json(path.endsWith("/stop") ? stopping : method === "PATCH" ? outside : webhook);
};

beforeEach(() => {
  view?.abort();
  view = new AbortController();
  store.forget();
  store.add(account, Date.now() - 1_000);
  toasts.replaceChildren();
  asked = [];
  answers = {
    "/a": () => Response.json(account),
    "/resources": () => Response.json({ items: [resource], next_cursor: null }),
    "/r": () => Response.json(outside),
    "/webhook": () => Response.json(webhook),
    "/deliveries": () => Response.json({ items: [delivery] }),
    "/organization": () => Response.json(ours),
    "/usage": () => Response.json(usage),
    "/usage/months": () => Response.json({ items: [{ period: "2026-01", used: 1, complete: true }] }),
    "/instances": () => Response.json({ items: [instance], unavailable: [], as_of: new Date().toISOString() }),
    "/interactions": () => Response.json({ items: [], next_cursor: null }),
  };
  globalThis.fetch = async (address, { method }) => {
    const { pathname } = new URL(address);
    asked.push(`${method} ${pathname}`);
    if (method !== "GET") return acted(method, pathname);
    const ending = Object.keys(answers).find((each) => pathname.endsWith(each));
    return ending ? answers[ending]() : Response.json({}, { status: 403 });
  };
});

const release = (main) => {
  press(button(main, t.schedules.remove));
  submit();
};
const ACTS = [
  ["a schedule", schedules, "/resources", "web1", release],
  ["the webhook", organization, "/webhook", webhook.url, (main) => press(button(main, t.webhook.resume))],
  ["a delivery", organization, "/deliveries", t.webhook.tries(1), (main) => press(button(main, t.webhook.redeliver))],
];

for (const [what, draw, read, shown, act] of ACTS)
  test(`after an act on ${what}, what is there stays until it is read again, also if that fails`, async () => {
    const main = opened(draw, view.signal);
    await soon();
    main.querySelector(".more-fields")?.dispatchEvent(new Event("toggle"));
    await soon(20);
    const isShown = (mark) => {
      assert.equal(main.querySelector(".freshness").textContent.slice(0, mark.length), mark);
      assert.ok(main.textContent.includes(shown), mark);
    };
    isShown(t.time.live);
    let answer;
    answers[read] = () => new Promise((resolve) => (answer = resolve));
    act(main);
    // Longer than until grey bars come.
    await soon(200);
    isShown(t.time.live);
    answer(Response.json({ title: "No" }, { status: 422 }));
    await soon();
    isShown(t.time.late(""));
  });

const stop = (main) => {
  press(button(main, t.instances.stop));
  submit();
};
const revoke = (main) => {
  press(button(main, t.revoke.action));
  submit();
};
const stopAfterChange = async (main) => {
  press(button(main, t.schedules.change));
  submit();
  await soon(20);
  submit();
};
for (const [what, draw, read, , act, elsewhere = draw] of [
  ...ACTS,
  ["an account", overview, "/a", "", revoke],
  ["an instance", instances, "/interactions", "", stop],
  ["an instance outside of its schedule", schedules, "/interactions", "", stopAfterChange, instances],
])
  test(`after an act on ${what} whose view was left, the view that is open now is read again`, async () => {
    const show = async (drawn) => {
      const main = opened(drawn, view.signal);
      await soon();
      main.querySelector(".more-fields")?.dispatchEvent(new Event("toggle"));
      await soon(20);
      return main;
    };
    const main = await show(draw);
    const letGo = hold((_, { method }) => ["POST", "DELETE"].includes(method));
    await act(main);
    view.abort();
    view = new AbortController();
    await show(elsewhere);
    asked = [];
    letGo();
    await soon(20);
    assert.ok(asked.some((each) => each.startsWith("GET") && each.endsWith(read)));
  });

test("a start that is refused is said once, and nothing comes into its row, which would move the others", async () => {
  const stopped = { ...instance, state: "stopped" };
  answers["/instances"] = () => Response.json({ items: [stopped], unavailable: [], as_of: new Date().toISOString() });
  const main = opened(instances, view.signal);
  await soon(20);
  const { fetch } = globalThis;
  const starts = async (body, status) => {
    const headers = { "retry-after": "0.01" };
    globalThis.fetch = async (address, options) =>
      options.method === "POST" ? Response.json(body, { status, headers }) : fetch(address, options);
    press(button(main, t.instances.start));
    await soon(60);
    return main.querySelector('[role="alert"]')?.textContent;
  };
  for (const body of [{ message: "Too Many Requests" }, { title: "Too many", detail: "Enough." }])
    assert.equal(await starts(body, 429), undefined);
  assert.equal(await starts({ message: "Forbidden" }, 403), undefined);
  assert.ok(toasts.textContent.includes(t.problems.byStatus(429)) && toasts.textContent.includes("Enough."));
  assert.doesNotMatch(toasts.textContent, /Forbidden|Too Many Requests/);
  assert.equal(await starts({ title: "No", detail: "It is protected." }, 409), undefined);
  assert.ok(toasts.textContent.includes("It is protected."));
});

test("whether an instance runs, only a view that is open tells", () => {
  store.keepInstances("a", { items: [instance], unavailable: [], at: Date.now(), age: () => 0 });
  const open = new Instances({ id: "a" }, view.signal);
  assert.equal(open.runs(instance), true);
  view.abort();
  assert.equal(open.runs(instance), undefined);
});

test("a view of an account that this page has removed says at once that it is gone, and once", async () => {
  const main = opened(tests, view.signal);
  await soon();
  asked = [];
  store.remove("a", Date.now());
  assert.ok(main.textContent.includes(t.account.missing));
  assert.ok(!main.textContent.includes(account.name));
  assert.equal(main.querySelector(".freshness"), null);
  const said = main.querySelector("h1");
  answers["/a"] = () => Response.json({ title: "No such account" }, { status: 404 });
  readNow();
  await soon(20);
  assert.ok(main.querySelector("h1") === said);
  assert.deepEqual(
    asked.filter((each) => each === "GET /v1/accounts/a"),
    [],
  );
});

test("of an account that is gone, nothing is drawn of what was asked before", async (context) => {
  const main = opened(schedules, view.signal);
  await soon(20);
  const late = Promise.withResolvers();
  answers["/resources"] = () => late.promise;
  readNow();
  await soon();
  const said = context.mock.method(console, "error", () => {});
  store.remove("a", Date.now());
  late.resolve(Response.json({ items: [], next_cursor: null }));
  await soon();
  assert.ok(main.textContent.includes(t.account.missing));
  assert.equal(said.mock.callCount(), 0);
});

test("the days ahead stay open when their card is drawn again", async () => {
  const schedule = { time_zone: "UTC", windows: [{ days: ["mon"], start: "08:00", stop: "18:00" }] };
  const listed = { ...resource, schedule, note: null };
  answers["/resources"] = () => Response.json({ items: [listed], next_cursor: null });
  const main = opened(schedules, view.signal);
  await soon(20);
  const before = main.querySelector("details");
  before.open = true;
  listed.note = "AWS did not answer.";
  readNow();
  await soon(20);
  const after = main.querySelector("details");
  assert.ok(after !== before && main.textContent.includes(listed.note));
  assert.ok(after.open && after.querySelector("table"));
});

test("the audit trail of an account that is gone is read once, though it was read before", async () => {
  answers["/audit"] = () => Response.json({ items: [], next_cursor: null });
  opened(accountAudit, view.signal);
  await soon();
  store.remove("a", Date.now());
  await soon();
  asked = [];
  readNow();
  await soon(20);
  assert.deepEqual(asked, ["GET /v1/accounts/a/audit"]);
});

for (const body of [{ message: "Too Many Requests" }, { title: "Too many", detail: "" }])
  test(`what is throttled says so once: ${JSON.stringify(body)}`, async () => {
    answers["/usage"] = () => Response.json(body, { status: 429, headers: { "retry-after": "60" } });
    const main = opened(organization, view.signal);
    await soon(20);
    const said = main.querySelector("[role=alert] .notice-body").children.map(({ textContent }) => textContent);
    assert.equal(said[0], body.title ?? t.problems.byStatus(429));
    assert.match(said[1], /^Try again after/);
  });

test("the audit trail of an account that is gone says how old it is", async () => {
  answers["/audit"] = () => Response.json({ items: [], next_cursor: null });
  const main = opened(accountAudit, view.signal);
  await soon();
  store.remove("a", Date.now());
  await soon(20);
  const says = (mark) => assert.ok(main.querySelector(".freshness").textContent.startsWith(mark), mark);
  says(t.time.live);
  answers["/audit"] = () => Response.json({ title: "No" }, { status: 422 });
  readNow();
  await soon(20);
  says(t.time.late(""));
});

test("whoever removes an account is led to the list, and not told before that it is gone", async (context) => {
  const titles = [];
  const main = element();
  const show = ({ route, signal }) =>
    route.view?.({ main, params: { id: "a" }, signal, title: (title) => titles.push(title) });
  globalThis.location = new URL("https://cavok.example/#/accounts/a");
  globalThis.history = { replaceState: (state, _, hash) => (location.hash = hash) };
  router.start([{ path: "/accounts/:id", view: overview }, { path: "/accounts" }], show);
  context.after(() => {
    location.hash = "#/accounts";
    router.render();
  });
  await soon();
  press(button(main, t.account.remove));
  modal().querySelector("input").value = account.provider_id;
  submit();
  await soon(20);
  assert.equal(location.hash, "#/accounts");
  assert.ok(!titles.includes(t.account.missing));
  assert.ok(toasts.textContent.includes(t.account.removed(account.name)));
});

test("after the start of a test whose view was left, the view that is open now is read again", async (context) => {
  let main;
  const show = ({ route, signal }) => (main = route.view ? opened(route.view, signal) : element());
  globalThis.location = new URL("https://cavok.example/#/accounts/a");
  const views = [
    { path: "/accounts/:id", view: overview },
    { path: "/accounts/:id/audit", view: accountAudit },
  ];
  router.start([...views, { path: "/accounts" }], show);
  const goTo = (hash) => {
    location.hash = hash;
    router.render();
  };
  context.after(() => goTo("#/accounts"));
  answers["/audit"] = () => Response.json({ items: [], next_cursor: null });
  const letGo = hold((_, { method }) => method === "POST");
  await soon(20);
  press(button(main, t.account.test));
  await soon();
  goTo("#/accounts/a/audit");
  await soon(20);
  asked = [];
  letGo();
  await soon(20);
  assert.equal(location.hash, "#/accounts/a/audit");
  assert.ok(asked.includes("GET /v1/accounts/a"));
});
