// The view of all accounts' schedules: what it asks for, what it shows, and how it is filtered.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { all, announced, announcerIn, button, element, press, signIn } from "./drawn.mjs";
import { soon, until } from "./soon.mjs";

const page = "../../../functions/dashboard/static";
let tick;
globalThis.setInterval = (work) => (tick = work);
globalThis.window = { addEventListener() {} };
globalThis.history = { replaceState: (_, __, address) => addresses.push(address) };
const api = await import(`${page}/lib/api.js`);
const session = await import(`${page}/lib/session.js`);
const { hush, readNow } = await import(`${page}/lib/dom.js`);
const { KINDS } = await import(`${page}/views/kinds.js`);
KINDS.made = KINDS.ec2; // without a title of its own
const { allSchedules } = await import(`${page}/views/all-schedules.js`);
const { t } = await import(`${page}/views/texts.js`);
api.start({ api_base: "http://api.test" });

const HOUR = 60 * 60_000;
const addresses = [];
let asked;
let view;

const resource = (id, hoursAhead, more = {}) => {
  const at = new Date(Math.ceil(Date.now() / HOUR) * HOUR + hoursAhead * HOUR);
  const stop = `${String(at.getUTCHours()).padStart(2, "0")}:00`;
  const start = `${String((at.getUTCHours() + 12) % 24).padStart(2, "0")}:00`;
  const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
  return {
    resource_id: id,
    name: id,
    instance_id: `i-${id}`,
    kind: "ec2",
    region: "us-east-1",
    note: null,
    schedule: { time_zone: "UTC", windows: [{ days, start, stop }] },
    next_action: { action: "stop", at: at.toISOString() },
    turn_at: at.toISOString(),
    account_id: "a",
    account_name: "Production",
    provider_id: "111122223333",
    account_status: "confirmed",
    ...more,
  };
};

beforeEach(async () => {
  await signIn(session);
  asked = [];
  addresses.length = 0;
  view = new AbortController();
  globalThis.fetch = async (url) => {
    asked.push(new URL(url).search);
    return Response.json({
      items: [resource("web", 1), resource("db", 2, { account_status: "failed" })],
      next_cursor: null,
    });
  };
});
afterEach(() => view.abort());

function opened(query = "") {
  const main = element();
  allSchedules({ main, path: "/schedules", query: new URLSearchParams(query), signal: view.signal, title() {} });
  return main;
}

const rows = (main) => all(main).filter((node) => node.tag === "li");
const select = (main, name) => all(main).find((node) => node.tag === "select" && node.getAttribute("name") === name);

function choose(main, name, value) {
  const node = select(main, name);
  node.value = value;
  const event = new Event("change");
  Object.defineProperty(event, "currentTarget", { value: node });
  node.dispatchEvent(event);
}

test("each kind that there is can be chosen, also by the address", async () => {
  const main = opened("kind=made");
  await until(() => asked.length);
  assert.equal(asked[0], "?limit=100&kind=made");
  const kinds = all(select(main, "kind")).flatMap((node) => (node.tag === "option" ? [node.value] : []));
  assert.deepEqual(
    Object.keys(KINDS).filter((kind) => !kinds.includes(kind)),
    [],
  );
});

test("each row says what happens, when, to what, and links to the account's schedules", async () => {
  const main = opened();
  await until(() => rows(main).length);
  const [first] = rows(main);
  assert.match(first.textContent, /in UTC.*Stops.*web.*EC2.*us-east-1.*Production.*111122223333/s);
  assert.deepEqual(
    all(first)
      .filter(({ tag }) => tag === "a")
      .map((node) => node.href),
    ["#/accounts/a/schedules"],
  );
  assert.ok(rows(main).some((row) => row.textContent.includes("not connected: nothing happens")));
});

test("a note of one instance is said in its row, and of several that there are some", async () => {
  const note = "AWS has no room for it.";
  const listed = (...noted) => ["web", "db", "job"].map((id) => resource(id, 1, noted.includes(id) ? { note } : {}));
  for (const [items, said] of [
    [listed("db"), t.turns.lastTurn("db", note)],
    [listed("db", "job"), t.turns.noted],
  ]) {
    globalThis.fetch = async () => Response.json({ items, next_cursor: null });
    // Others come back to another choice.
    const main = opened("kind=ec2");
    await until(() => rows(main).length && rows(main).every((row) => row.textContent.includes(said)));
  }
});

test("what schedules do is chosen by the page, and what they are for by the API", async () => {
  const main = opened();
  await until(() => rows(main).length);
  choose(main, "action", "start");
  await until(() => rows(main).every((row) => row.textContent.includes("Starts")));
  assert.equal(asked.length, 1);
  choose(main, "region", "eu-west-1");
  await until(() => asked.length === 2);
  assert.equal(asked[1], "?limit=100&region=eu-west-1");
  assert.deepEqual(addresses, ["#/schedules?action=start", "#/schedules?action=start&region=eu-west-1"]);
});

test("that what is chosen is shown is said only of the last choice, once it is there", async (context) => {
  const said = announced(announcerIn(context));
  hush();
  const main = opened();
  await until(() => rows(main).length);
  const { fetch } = globalThis;
  globalThis.fetch = async (url) =>
    String(url).includes("eu-west-1") ? Response.json({ title: "Unprocessable" }, { status: 422 }) : fetch(url);
  choose(main, "region", "eu-west-1");
  await until(() => main.textContent.includes("Unprocessable"));
  choose(main, "kind", "ec2");
  choose(main, "region", "us-east-1");
  await until(() => said.length);
  await soon(100);
  assert.deepEqual(said, [t.turns.chosen]);
});

/** Types this into the field of the search. */
function type(main, text) {
  const input = all(main).find((node) => node.getAttribute("name") === "q");
  input.value = text;
  input.dispatchEvent(new Event("input"));
}

test("a search looks at what is loaded, and stays in the address", async () => {
  const main = opened("q=db");
  await until(() => rows(main).length);
  assert.ok(rows(main).every((row) => row.textContent.includes("db")));
  assert.deepEqual(asked, ["?limit=100"]);
  type(main, "I-WEB");
  await until(() => addresses.length);
  assert.deepEqual(addresses, ["#/schedules?q=I-WEB"]);
  assert.ok(rows(main).length && rows(main).every((row) => row.textContent.includes("web")));
  assert.ok(!main.textContent.includes(t.turns.searched(2)), "all are loaded");
  type(main, "nothing");
  await until(() => main.textContent.includes("Nothing to show: no instance"));
  assert.equal(asked.length, 1);
});

test("a search says how many are loaded, as long as these are not all", async () => {
  answersOf(2);
  const main = opened("q=web0");
  await until(() => main.textContent.includes(t.turns.searched(1)));
  press(button(main, "Show more"));
  await until(() => !main.textContent.includes(t.turns.searched(1)));
  assert.ok(rows(main).every((row) => row.textContent.includes("web0")));
});

test("what is due and was not made yet comes first, until the API says otherwise", async () => {
  const due = new Date(Math.floor(Date.now() / HOUR) * HOUR - 12 * HOUR);
  const items = [resource("web", 1, { next_action: resource("web", 1).next_action, turn_at: due.toISOString() })];
  globalThis.fetch = async () => Response.json({ items, next_cursor: null });
  const main = opened();
  await until(() => rows(main).length);
  assert.equal(main.querySelector("h2").textContent, t.turns.parts.due());
  assert.match(rows(main)[0].textContent, /Starts.*web/s);
  items[0] = resource("web", 1);
  readNow();
  await until(() => main.querySelector("h2").textContent !== t.turns.parts.due());
});

test("a time zone that this browser does not know breaks nothing: the next turn is in UTC", async () => {
  const away = resource("away", 3);
  away.schedule.time_zone = "America/Nowhere";
  globalThis.fetch = async () => Response.json({ items: [resource("web", 1), away], next_cursor: null });
  const main = opened();
  await until(() => rows(main).length);
  const [last] = rows(main).slice(-1);
  assert.match(last.textContent, /away/);
  assert.ok(last.textContent.includes(t.turns.inUnknownZone("America/Nowhere")));
  assert.ok(rows(main)[0].textContent.includes("web"));
});

test("one account can be chosen in its row, and all again", async () => {
  const main = opened();
  await until(() => rows(main).length);
  press(all(main).find((node) => node.ariaLabel === "Only this account: Production"));
  await until(() => asked.length === 2);
  assert.equal(asked[1], "?limit=100&account_id=a");
  await until(() => main.textContent.includes("Schedules of Production are shown."));
  choose(main, "action", "start");
  assert.ok(main.textContent.includes("Schedules of Production are shown."));
  press(all(main).find((node) => node.tag === "button" && node.textContent === "Show all accounts"));
  await until(() => asked.length === 3);
  assert.equal(asked[2], "?limit=100");
});

test("what the address chooses is asked for, and what the API does not know is left out", async () => {
  opened("kind=rds&region=mars-1&account_id=b");
  await until(() => asked.length);
  opened(`kind=foo&action=explode&region=${"x".repeat(31)}&account_id=a/b`);
  await until(() => asked.length === 2);
  assert.deepEqual(asked, ["?limit=100&kind=rds&region=mars-1&account_id=b", "?limit=100"]);
});

/** The API has so many answers of one instance each. */
function answersOf(count) {
  globalThis.fetch = async (url) => {
    const { search, searchParams } = new URL(url);
    asked.push(search);
    const at = Number(searchParams.get("cursor"));
    return Response.json({
      items: [resource(`web${at}`, 1, { account_id: `a${at}` })],
      next_cursor: at + 1 < count ? String(at + 1) : null,
    });
  };
}

test("each press shows twice as many, and counts are said to be so far until these are all", async () => {
  answersOf(5);
  const main = opened();
  const shown = async (count) => {
    await until(() => rows(main).filter((row) => row.textContent.includes("Stops")).length >= count);
    return main.textContent;
  };
  for (const count of [1, 2, 4]) {
    assert.match(await shown(count), new RegExp(`${count} stops? so far`));
    press(button(main, "Show more"));
  }
  const text = await shown(5);
  assert.match(text, /5 stop/);
  assert.doesNotMatch(text, /so far/);
  assert.equal(button(main, "Show more"), undefined);
  assert.equal(asked.length, 1 + 2 + 4 + 5);
});

test("whoever comes back sees as much as before, at the same place, and another person does not", async (context) => {
  const scrolled = [];
  const listeners = [];
  context.mock.method(
    globalThis,
    "addEventListener",
    (name, listener) => name === "scroll" && listeners.push(listener),
  );
  Object.assign(window, { scrollY: 0, scrollTo: (_, y) => scrolled.push(y) });
  answersOf(5);
  const shown = async (count) => {
    view.abort();
    view = new AbortController();
    asked.length = 0;
    const main = opened();
    await until(() => main.textContent.includes(`${count} stop`) && asked.length === count);
    await soon();
    return main;
  };
  const main = await shown(1);
  press(button(main, "Show more"));
  await until(() => main.textContent.includes("2 stop"));
  window.scrollY = 700;
  listeners.at(-1)();
  window.scrollY = 0;
  await shown(2);
  assert.deepEqual(scrolled, [700]);
  await signIn(session, "admin", "berta");
  answersOf(5);
  await shown(1);
  assert.deepEqual(scrolled, [700]);
});

test("an answer without instances is not taken for all of them", async () => {
  globalThis.fetch = async (url) => {
    const cursor = new URL(url).searchParams.get("cursor");
    return Response.json({ items: [], next_cursor: cursor ? null : "more" });
  };
  const main = opened();
  await until(() => main.textContent.includes("Nothing to show so far."));
  press(button(main, "Show more"));
  await until(() => main.textContent.includes("Nothing to show: no instance"));
});

test("time alone arranges the turns again only in another minute", async (context) => {
  const now = Math.ceil(Date.now() / 60_000) * 60_000;
  context.mock.timers.enable({ apis: ["Date"], now });
  const main = opened();
  await until(() => rows(main).length);
  const { stringify } = JSON;
  let looked = 0;
  context.mock.method(JSON, "stringify", (of) => {
    looked += Number(Boolean(of?.windows));
    return stringify(of);
  });
  for (const seconds of [5, 30, 59]) {
    context.mock.timers.setTime(now + seconds * 1_000);
    tick();
  }
  assert.equal(looked, 0);
  context.mock.timers.setTime(now + 60_000);
  tick();
  tick();
  assert.equal(looked, 2, "each instance's schedule once");
});

test("a turn that is over is not shown any more, without another read", async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const main = opened();
  await until(() => rows(main).length);
  const first = rows(main)[0].getAttribute("data-item");
  const isShown = () => rows(main).some((row) => row.getAttribute("data-item") === first);
  context.mock.timers.setTime(Date.now() + 2 * HOUR);
  assert.ok(isShown());
  tick();
  assert.ok(!isShown());
  assert.equal(asked.length, 1);
});
