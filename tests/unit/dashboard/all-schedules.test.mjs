// The view of all accounts' schedules: what it asks for, what it shows, and how it is filtered.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { all, announced, announcerIn, button, element, hold, press, signIn } from "./drawn.mjs";
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
const { comingTo } = await import(`${page}/views/schedules.js`);
const { timeIn } = await import(`${page}/lib/later-formats.js`);
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

const linksOf = (row) =>
  all(row)
    .filter(({ tag }) => tag === "a")
    .map((node) => node.href);

const saidOf = (row) => row.querySelector(".trail-what").textContent.trim().replaceAll(" · ", "·");

test("each row says what happens, when and to what, and links to the instance and to its account", async () => {
  const main = opened();
  await until(() => rows(main).length);
  const [first] = rows(main);
  assert.match(first.textContent, /in UTC.*Stops.*web.*EC2.*us-east-1.*Production.*111122223333/s);
  assert.deepEqual(linksOf(first), ["#/accounts/a/instances?row=ec2%2Fus-east-1%2Fi-web", "#/accounts/a/schedules"]);
  const resting = rows(main).find((row) => row.textContent.includes("not connected: nothing happens"));
  assert.deepEqual(linksOf(resting), ["#/accounts/a/schedules?row=db", "#/accounts/a/schedules"]);
});

test("each instance without a schedule has a line of its own, with its kind, region and identifier", async () => {
  const free = { schedule: null, next_action: null, turn_at: null };
  const items = [
    resource("ledger", 0, { ...free, kind: "aurora", region: "eu-west-1", instance_id: "ledger" }),
    resource("web", 0, free),
    resource("web2", 0, { ...free, name: "web" }),
  ];
  globalThis.fetch = async () => Response.json({ items, next_cursor: null });
  const main = opened();
  await until(() => rows(main).length);
  assert.deepEqual(rows(main).map(saidOf), [
    "ledger·Aurora cluster·eu-west-1",
    "web i-web·EC2·us-east-1",
    "web i-web2·EC2·us-east-1",
  ]);
});

test("instances that share a turn are told apart by kind and region, as many as a row has room for", async () => {
  const of = (id, kind, region) => resource(id, 1, { kind, region, name: id.slice(0, 3) });
  const shown = async (...items) => {
    await signIn(session);
    globalThis.fetch = async () => Response.json({ items, next_cursor: null });
    const main = opened();
    await until(() => rows(main).length);
    return saidOf(rows(main)[0]);
  };
  const [web, ore, job] = [of("web", "ec2", "us-east-1"), of("ore", "rds", "eu-west-1"), of("job", "ec2", "us-east-1")];
  assert.equal(await shown(web, ore, job), "Stops web, job·EC2·us-east-1ore·RDS·eu-west-1");
  assert.equal(await shown(web, job), "Stops web, job·EC2·us-east-1");
  // Of one Auto Scaling group.
  const [one, two] = [of("asg1", "ec2", "us-east-1"), of("asg2", "ec2", "us-east-1")];
  assert.equal(await shown(web, one, two), "Stops web, asg i-asg1, asg i-asg2·EC2·us-east-1");
  const many = ["a", "b", "c", "d", "e", "f"].map((id) => of(id, "ec2", "us-east-1"));
  assert.equal(await shown(...many), "Stops a, b, c, d, e and 1 other·EC2·us-east-1");
  const rest = ", b, c, d·EC2·us-east-1ore·RDS·eu-west-1 and 2 others·EC2·us-east-1";
  assert.equal(await shown(many[0], ore, ...many.slice(1)), `Stops a${rest}`);
});

test("the row that an address names is come to once, when it is in the view, unless one has gone on", (context) => {
  window.scrollY = 0;
  const row = (key) => Object.assign(element(), { dataset: { key }, scrollIntoView() {} });
  const list = element();
  const come = comingTo(list, "b");
  come();
  list.append(row("a"), row("b"));
  const there = list.children[1];
  context.mock.timers.enable({ apis: ["setTimeout"] });
  list.isConnected = false;
  come();
  assert.notEqual(document.activeElement, there);
  list.isConnected = true;
  context.mock.timers.tick(0);
  assert.equal(document.activeElement, there);
  document.body.focus();
  come();
  assert.notEqual(document.activeElement, there);
  context.mock.property(window, "scrollY", 300);
  comingTo(list, "b")();
  comingTo(list, null)();
  assert.notEqual(document.activeElement, there);
});

test("a note of one instance is said in its row, and of several that there are some", async () => {
  const note = "AWS has no room for it.";
  const listed = (...noted) => ["web", "db", "job"].map((id) => resource(id, 1, noted.includes(id) ? { note } : {}));
  // Each reads anew, because it is another choice.
  for (const [choice, items, said] of [
    ["kind=ec2", listed("db"), t.turns.lastTurn("db", note)],
    ["kind=rds", listed("db", "job"), t.turns.noted],
  ]) {
    globalThis.fetch = async () => Response.json({ items, next_cursor: null });
    const main = opened(choice);
    await until(() => rows(main).length && rows(main).every((row) => row.textContent.includes(said)));
  }
});

test("regions that instances have come first, and what is chosen stays so", async () => {
  const items = [resource("web", 1, { region: "sa-east-1" }), resource("db", 2, { region: "mars-1" })];
  globalThis.fetch = async () => Response.json({ items, next_cursor: null });
  const main = opened("region=eu-west-1");
  const regions = () => all(select(main, "region")).flatMap(({ tag, value }) => (tag === "option" ? [value] : []));
  const before = regions();
  await until(() => rows(main).length);
  assert.deepEqual(regions().slice(0, 3), ["", "mars-1", "sa-east-1"]);
  assert.deepEqual(new Set(regions()), new Set([...before, "mars-1"]));
  assert.equal(regions().length, before.length + 1, "each once");
  assert.equal(select(main, "region").value, "eu-west-1");
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
  await until(() => rows(main).length && rows(main).every((row) => row.textContent.includes("web")));
  assert.ok(!main.textContent.includes(t.turns.searched(2)), "all are loaded");
  type(main, "nothing");
  await until(() => main.textContent.includes("Nothing to show: no instance"));
  assert.equal(asked.length, 1);
});

test("a part stays where it is as more of it is read, and counts that too", async () => {
  answersOf(2);
  const main = opened();
  await until(() => rows(main).length && button(main, t.turns.lookAtMore));
  const [card, note] = [main.querySelector(".card"), () => main.querySelector(".card p").textContent];
  const before = note();
  press(button(main, t.turns.lookAtMore));
  await until(() => note() !== before);
  assert.equal(main.querySelector(".card"), card);
});

test("a search says how many are loaded, as long as these are not all, and reads all at a press", async () => {
  answersOf(5);
  const main = opened("q=web3");
  await until(() => main.textContent.includes(t.turns.searched(1)));
  press(button(main, t.turns.lookAtMore));
  await until(() => main.textContent.includes(t.turns.searched(2)));
  const searchAll = all(main).find((node) => node.tag === "button" && node.textContent === t.turns.searchAll);
  searchAll.focus();
  press(searchAll);
  await until(() => rows(main).length);
  assert.equal(document.activeElement.textContent, t.turns.searchedAll(5));
  assert.ok(rows(main).every((row) => row.textContent.includes("web3")));
  assert.equal(asked.length, 1 + 2 + 5);
});

test("of ten thousand, a search says how many it has searched, and that there is none only of all", async (context) => {
  const said = announced(announcerIn(context));
  hush();
  globalThis.fetch = async (url) => {
    asked.push(new URL(url).search);
    const at = Number(new URL(url).searchParams.get("cursor"));
    const items = Array.from({ length: 100 }, (_, index) => resource(`web${at + index}`, 1));
    return Response.json({ items, next_cursor: at + 100 < 10_000 ? String(at + 100) : null });
  };
  const main = opened("kind=rds");
  await until(() => rows(main).length);
  type(main, "nowhere");
  const some = t.turns.searched(100);
  await until(() => main.textContent.includes(some) && main.textContent.includes(t.turns.noneSoFar));
  await until(() => said.length);
  assert.deepEqual(said, [some]);
  assert.ok(!main.textContent.includes(t.turns.none));
  press(all(main).find((node) => node.tag === "button" && node.textContent === t.turns.searchAll));
  await until(() => main.textContent.includes(t.turns.none));
  assert.ok(main.textContent.includes(t.turns.searchedAll(10_000)));
  assert.equal(asked.length, 1 + 100);
});

for (const [part, hoursAhead, does] of [
  ["due", 11, /Starts.*web/s],
  ["missed", 1, /Not started on time:.*web/s],
])
  test(`what is ${part} and was not made yet comes first, until the API says otherwise`, async () => {
    // It starts twelve hours before it stops.
    const turn_at = resource("web", hoursAhead - 12).next_action.at;
    const items = [resource("web", hoursAhead, { turn_at })];
    globalThis.fetch = async () => Response.json({ items, next_cursor: null });
    const main = opened();
    await until(() => rows(main).length);
    assert.equal(main.querySelector("h2").textContent, t.turns.parts[part]());
    assert.match(rows(main)[0].textContent, does);
    // What is missed is not counted as what will happen, but said, with its day and time.
    assert.equal(main.textContent.includes(t.turns.notTried), part === "missed");
    assert.equal(main.querySelector(".card").textContent.includes(t.turns.start(1)), part === "due");
    assert.ok(rows(main)[0].textContent.startsWith(timeIn(Date.parse(turn_at), "UTC", { dated: true })));
    items[0] = resource("web", hoursAhead);
    readNow();
    await until(() => main.querySelector("h2").textContent !== t.turns.parts[part]());
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

test("the last rows have the focus of the button that showed them, also if all is read anew meanwhile", async () => {
  const items = Array.from({ length: 120 }, (_, at) => resource(`web${at}`, 1, { account_id: `a${at}` }));
  globalThis.fetch = async () => Response.json({ items, next_cursor: null });
  const main = opened();
  const show = () => button(main.querySelector(".card") ?? main, t.turns.showRest(20));
  await until(show);
  show().focus();
  press(show());
  readNow();
  const first = () => main.querySelector(".card").querySelectorAll("li");
  await until(() => first().length === 120);
  await soon(20);
  assert.equal(first().indexOf(document.activeElement), 100);
});

/** The API has so many answers of one instance each. */
function answersOf(count, hoursAhead = 1) {
  globalThis.fetch = async (url) => {
    const { search, searchParams } = new URL(url);
    asked.push(search);
    const at = Number(searchParams.get("cursor"));
    return Response.json({
      items: [resource(`web${at}`, hoursAhead, { account_id: `a${at}` })],
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
    press(button(main, t.turns.lookAtMore));
  }
  const text = await shown(5);
  assert.match(text, /5 stop/);
  assert.doesNotMatch(text, /so far/);
  assert.equal(button(main, t.turns.lookAtMore), undefined);
  assert.equal(asked.length, 1 + 2 + 4 + 5);
});

/** Twelve answers are shown, 30 s before the turn of an hour. Returns the pauses in seconds, from now on. */
async function twelveShown(context, hour) {
  const { setTimeout: really } = globalThis;
  const pauses = [];
  context.mock.timers.enable({ apis: ["Date"], now: hour * HOUR - 30_000 });
  await signIn(session);
  context.mock.method(globalThis, "setTimeout", (work, milliseconds) => {
    // No request has so much time.
    if (milliseconds > 40_000) pauses.push(milliseconds / 1_000);
    return really(work, milliseconds);
  });
  answersOf(12, 0);
  const main = opened();
  const shows = (count) => until(() => main.textContent.includes(`${count} stop`));
  for (const count of [1, 2, 4, 8]) {
    await shows(count);
    press(button(main, t.turns.lookAtMore));
  }
  await shows(12);
  await soon();
  pauses.length = 0;
  return pauses;
}

for (const [who, ahead, does, count] of [
  ["whoever stays", 0, readNow, 12],
  // Later than any change that another test has made.
  ["whoever comes back to what was just read", 2, again, 0],
])
  test(`for ${who}, many are read again once a turn of theirs has had two minutes`, async (context) => {
    const pauses = await twelveShown(context, Math.floor(Date.now() / HOUR) + ahead);
    asked.length = 0;
    does();
    await until(() => pauses.length);
    assert.ok(
      pauses.every((pause) => pause > 145 && pause <= 150),
      `${pauses} s`,
    );
    assert.equal(asked.length, count);
  });

/** A page that scrolls: how far it was scrolled by itself, and by a reader. */
function scrolling(context) {
  const scrolled = [];
  const listeners = [];
  context.mock.method(
    globalThis,
    "addEventListener",
    (name, listener) => name === "scroll" && listeners.push(listener),
  );
  Object.assign(window, { scrollY: 0, scrollTo: (_, y) => scrolled.push(y) });
  const scroll = (y) => {
    window.scrollY = y;
    listeners.at(-1)();
    window.scrollY = 0;
  };
  return { scrolled, scroll };
}

/** Leaves the view, and comes back. */
function again(query) {
  view.abort();
  view = new AbortController();
  asked.length = 0;
  return opened(query);
}

test("whoever comes back sees as much as before, at the same place, and another person does not", async (context) => {
  const { scrolled, scroll } = scrolling(context);
  answersOf(5);
  const shown = async (count, reads = count) => {
    const main = again();
    await until(() => main.textContent.includes(`${count} stop`) && asked.length === reads);
    await soon();
    assert.equal(asked.length, reads);
    return main;
  };
  const main = await shown(1);
  press(button(main, t.turns.lookAtMore));
  await until(() => main.textContent.includes("2 stop"));
  scroll(700);
  await shown(2, 0);
  assert.deepEqual(scrolled, [700]);
  // What the reader did meanwhile may have changed it, and what is still under way.
  const end = hold((_, { method }) => method === "PUT");
  const act = api.put("/v1/accounts/a/resources/web0/schedule", {});
  await shown(2);
  end();
  await act;
  await shown(2);
  await signIn(session, "admin", "berta");
  answersOf(5);
  await shown(1);
  assert.deepEqual(scrolled, [700, 700, 700]);
});

test("a drawing that ends another one goes on card by card, and then the place is found", async (context) => {
  const { scrolled, scroll } = scrolling(context);
  const EACH = 60;
  const items = Array.from({ length: EACH }, (_, at) => resource(`web${at}`, 1, { account_id: `a${at}` }));
  await signIn(session, "admin", "clara");
  globalThis.fetch = async () => Response.json({ items, next_cursor: null });
  const before = opened();
  const cards = (main) => main.querySelectorAll(".card").map((card) => card.querySelectorAll("li").length);
  await until(() => cards(before).length === 4 && cards(before)[3] === EACH);
  await soon();
  scroll(700);
  let now = 0;
  // Each step takes a task.
  context.mock.method(performance, "now", () => (now += 20));
  const main = again();
  const isWhole = () => cards(main).length === 4 && cards(main)[3] === EACH;
  const wasWhole = [];
  let [ended, most] = [0, 0];
  for (let turn = 0; !isWhole(); turn += 1) {
    assert.ok(turn < 1_000);
    // Once in each card.
    if (cards(main).length > ended) {
      ended += 1;
      choose(main, "action", "");
    }
    await soon(0);
    wasWhole.push(
      cards(main)
        .slice(0, -1)
        .every((count) => count === EACH),
    );
    assert.ok(rows(main).length >= most, "no row goes");
    most = rows(main).length;
  }
  assert.ok(wasWhole.length > 5 && wasWhole.every(Boolean), "each card is whole before the next one comes");
  await until(() => scrolled.length);
  assert.deepEqual(scrolled, [700]);
});

test("what cannot be drawn is said, and hides nothing that there is to press", async (context) => {
  const said = context.mock.method(console, "error", () => {});
  const broken = resource("web", 1, { schedule: { time_zone: "UTC", windows: null } });
  const items = [broken];
  globalThis.fetch = async () => Response.json({ items, next_cursor: "more" });
  const main = opened();
  const isSaid = () => main.textContent.includes(t.time.incomplete(""));
  await until(isSaid);
  assert.equal(said.mock.callCount(), 1);
  assert.equal(button(main, t.turns.lookAtMore).parentNode.parentNode.hidden, false);
  items[0] = resource("web", 1);
  readNow();
  await until(() => rows(main).length && !isSaid());
});

test("whoever comes back to a search of some finds it, and its button", async () => {
  await signIn(session, "admin", "dora");
  answersOf(5);
  const before = opened("q=web");
  const some = t.turns.searched(1);
  await until(() => before.textContent.includes(some) && rows(before).length);
  const main = again("q=web");
  assert.ok(main.textContent.includes(t.time.live), "at once");
  await until(() => main.textContent.includes(some) && rows(main).length);
  press(all(main).find((node) => node.textContent === t.turns.searchAll));
  await until(() => main.textContent.includes(t.turns.searchedAll(5)));
});

test("a search that cannot be said is no more live than rows that cannot be drawn", async (context) => {
  await signIn(session, "admin", "emma");
  context.mock.method(console, "error", () => {});
  context.mock.method(t.turns, "searched", () => assert.fail());
  answersOf(5);
  const main = opened("q=web");
  await until(() => main.textContent.includes(t.time.incomplete("")));
});

test("an answer without instances is not taken for all of them", async () => {
  globalThis.fetch = async (url) => {
    const cursor = new URL(url).searchParams.get("cursor");
    return Response.json({ items: [], next_cursor: cursor ? null : "more" });
  };
  const main = opened();
  await until(() => main.textContent.includes("Nothing to show so far."));
  press(button(main, t.turns.lookAtMore));
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

test("a turn whose time has come is due and not to come any more, without another read", async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const main = opened();
  await until(() => rows(main).length);
  const first = rows(main)[0].getAttribute("data-item");
  const partsOf = (item) =>
    main
      .querySelectorAll(".card")
      .filter((card) => card.querySelectorAll("li").some((row) => row.getAttribute("data-item") === item))
      .map((card) => card.querySelector("h2").textContent);
  // An hour after it, but the API has not been asked since.
  context.mock.timers.setTime(Date.now() + 3 * HOUR);
  assert.notDeepEqual(partsOf(first), [t.turns.parts.due()]);
  tick();
  // On a busy machine, in more than one task.
  await until(() => partsOf(first).join() === t.turns.parts.due());
  assert.equal(asked.length, 1);
});
