// What the schedules of many instances do next, by parts of the day.
import assert from "node:assert/strict";
import { test } from "node:test";

const page = "../../../functions/dashboard/static";
const turns = await import(`${page}/lib/turns.js`);
const { turnsOf } = await import(`${page}/lib/week.js`);
const { countsOf, partOf } = turns;

/** All steps at once. */
function turnsByPart(resources, isWhole, now, action, q, readAt) {
  const steps = turns.turnsByPart(resources, isWhole, now, { action, q, readAt });
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
// A Thursday.
const NOW = Date.parse("2026-01-08T12:00:00Z");
const OFFICE = { days: DAYS.slice(0, 5), start: "08:00", stop: "20:00" };

const next = (schedule, now) => {
  const [turn] = turnsOf(schedule, now, now + 16 * 24 * 60 * 60_000);
  return turn && { action: turn.action, at: new Date(turn.at).toISOString() };
};

/** A resource as the API lists it. */
function resource(id, { zone = "UTC", windows = [OFFICE], account = "a", now = NOW, ...but } = {}) {
  const schedule = windows && { time_zone: zone, windows };
  return {
    resource_id: id,
    name: id,
    instance_id: `i-${id}`,
    kind: "ec2",
    region: "us-east-1",
    note: null,
    schedule,
    next_action: schedule ? next(schedule, now) : null,
    turn_at: schedule ? next(schedule, now)?.at : null,
    account_id: account,
    account_name: `Account${account}`,
    provider_id: "111122223333",
    account_status: "confirmed",
    ...but,
  };
}

const inOrder = (...resources) =>
  resources.toSorted((a, b) => (a.next_action?.at ?? "~").localeCompare(b.next_action?.at ?? "~"));

const said = (groups) =>
  groups.map(({ name, rows }) => [
    name,
    ...rows.map(
      ({ action, at, instances }) =>
        `${action}${at ? ` ${new Date(at).toISOString().slice(5, 16)}` : ""} ${instances.map((each) => each.name)}`,
    ),
  ]);

for (const [moment, now, name] of [
  ["2026-01-08T17:59Z", "2026-01-08T12:00Z", "today"],
  ["2026-01-08T18:00Z", "2026-01-08T12:00Z", "tonight"],
  ["2026-01-09T05:59Z", "2026-01-08T12:00Z", "tonight"],
  ["2026-01-09T06:00Z", "2026-01-08T12:00Z", "tomorrow"],
  ["2026-01-09T18:00Z", "2026-01-08T12:00Z", "tomorrowNight"],
  ["2026-01-10T05:00Z", "2026-01-08T12:00Z", "tomorrowNight"],
  ["2026-01-10T06:00Z", "2026-01-08T12:00Z", "day"],
  ["2026-01-10T19:00Z", "2026-01-08T20:00Z", "night"],
  // Before the morning it is still the night.
  ["2026-01-08T05:00Z", "2026-01-08T02:00Z", "tonight"],
  ["2026-01-08T08:00Z", "2026-01-08T02:00Z", "today"],
  ["2026-01-08T20:00Z", "2026-01-08T02:00Z", "comingNight"],
  ["2026-01-09T02:00Z", "2026-01-08T02:00Z", "comingNight"],
  ["2026-01-09T20:00Z", "2026-01-08T02:00Z", "tomorrowNight"],
]) {
  test(`at ${now}, ${moment} is ${name}`, () => {
    assert.equal(partOf(Date.parse(moment), Date.parse(now), "UTC").name, name);
  });
}

test("a night that has no other name has that of the day on which it begins", () => {
  const at = (moment) => partOf(Date.parse(moment), Date.parse("2026-01-08T20:00Z"), "UTC");
  assert.deepEqual(at("2026-01-10T19:00Z"), at("2026-01-11T05:00Z"));
  assert.equal(at("2026-01-10T19:00Z").weekday, 5);
});

test("parts are those of the schedule's time zone", () => {
  // In Auckland it is 01:00 of the next day.
  const at = Date.parse("2026-01-08T17:30:00Z");
  assert.equal(partOf(at, NOW, "Pacific/Auckland").name, "today");
  assert.equal(partOf(at, NOW, "Asia/Kolkata").name, "tonight");
});

test("each turn of two days is shown once, by its part of the day", () => {
  const groups = turnsByPart(inOrder(resource("web"), resource("db")), true, NOW);
  assert.deepEqual(said(groups), [
    ["tonight", "stop 01-08T20:00 web,db"],
    ["tomorrow", "start 01-09T08:00 web,db"],
    ["tomorrowNight", "stop 01-09T20:00 web,db"],
  ]);
});

test("instances of other accounts, times and zones have rows of their own", () => {
  const late = { ...OFFICE, stop: "21:00" };
  const listed = inOrder(
    resource("web"),
    resource("other", { account: "b" }),
    resource("late", { windows: [late] }),
    resource("berlin", { zone: "Europe/Berlin" }),
  );
  assert.deepEqual(said(turnsByPart(listed, true, NOW, "stop"))[0], [
    "tonight",
    "stop 01-08T19:00 berlin",
    "stop 01-08T20:00 web",
    "stop 01-08T20:00 other",
    "stop 01-08T21:00 late",
  ]);
});

test("only turns that are certainly whole are shown before all are loaded", () => {
  const early = resource("early", { windows: [{ ...OFFICE, stop: "14:00" }] });
  const listed = inOrder(early, resource("web"));
  assert.deepEqual(said(turnsByPart(listed, false, NOW)), [
    ["today", "stop 01-08T14:00 early"],
    ["tonight", "stop 01-08T20:00 web"],
  ]);
});

test("as long as instances are left, any part of the day may have more", () => {
  const listed = inOrder(resource("web"), resource("free", { windows: null }));
  for (const isWhole of [true, false])
    assert.deepEqual([...new Set(turnsByPart(listed, isWhole, NOW).map((group) => group.isWhole))], [isWhole]);
});

test("of instances whose turns are due, nothing is certain but these and their own next turns", () => {
  const now = Date.parse("2026-01-08T20:05:00Z");
  const due = { now, turn_at: "2026-01-08T20:00:00Z" };
  const untilThursday = { ...OFFICE, days: DAYS.slice(0, 4) };
  const listed = [resource("web", due), resource("db", { ...due, windows: [untilThursday] })];
  assert.deepEqual(said(turnsByPart(listed, false, now)), [
    ["due", "stop 01-08T20:00 web,db"],
    ["tomorrow", "start 01-09T08:00 web"],
    ["later", "start 01-12T08:00 db"],
  ]);
});

test("a part of the day has one heading, whatever day it is in a time zone", () => {
  const windows = [{ days: DAYS, start: "08:00", stop: "23:00" }];
  const now = Date.parse("2026-01-08T22:00:00Z");
  const listed = inOrder(
    ...["Pacific/Auckland", "Asia/Tokyo", "UTC"].map((zone) => resource(zone, { zone, windows, now })),
  );
  const headings = turnsByPart(listed, true, now).map(({ name, weekday }) => (name === "day" ? weekday : name));
  assert.deepEqual(headings, ["today", "tonight", "tomorrow", "tomorrowNight", 5, 6]);
});

test("what comes later, stays on or off, or has no schedule comes last", () => {
  const weekend = { days: ["sun"], start: "08:00", stop: "10:00" };
  const always = { days: DAYS, start: "00:00", stop: "00:00" };
  const listed = inOrder(
    resource("sunday", { windows: [weekend] }),
    resource("on", { windows: [always] }),
    resource("off", { windows: [] }),
    resource("free", { windows: null }),
  );
  assert.deepEqual(said(turnsByPart(listed, true, NOW)), [
    ["later", "start 01-11T08:00 sunday"],
    ["always", "stop off", "start on"],
    ["none", " free"],
  ]);
  assert.deepEqual(said(turnsByPart(listed, true, NOW, "stop")), [["always", "stop off"]]);
});

test("what has a schedule shares a row with all of its account that turn so, and what has none has its own", () => {
  const listed = ["a", "b"].flatMap((id) => [resource(id), resource(`free ${id}`, { windows: null })]);
  const groups = turnsByPart(inOrder(...listed), true, NOW, "");
  assert.deepEqual(said(groups)[0], ["tonight", "stop 01-08T20:00 a,b"]);
  assert.deepEqual(said(groups).at(-1), ["none", " free a", " free b"]);
  const keys = groups.at(-1).rows.map(({ key }) => key);
  assert.equal(new Set(keys).size, 2);
});

test("rows of one account are in the order of their instances' names, and numbers in that of their values", () => {
  const free = ["delta", "alpha", "zeta", "Beta", "web10", "web9"].map((id) => resource(id, { windows: null }));
  assert.deepEqual(said(turnsByPart(inOrder(...free), true, NOW)), [
    ["none", " alpha", " Beta", " delta", " web9", " web10", " zeta"],
  ]);
});

test("a resource that moved while pages were read is shown once, as it was listed last", () => {
  const listed = [resource("web"), resource("web", { windows: [{ ...OFFICE, stop: "21:00" }] })];
  assert.deepEqual(said(turnsByPart(listed, true, NOW, "stop"))[0], ["tonight", "stop 01-08T21:00 web"]);
});

test("those of an account that is not connected rest", () => {
  const listed = inOrder(
    resource("web"),
    resource("db", { account: "b", account_status: "failed" }),
    resource("api", { account: "b", account_status: "failed" }),
  );
  const [tonight] = turnsByPart(listed, true, NOW);
  assert.deepEqual(
    countsOf(tonight, ({ status }) => status === "confirmed"),
    { start: 0, stop: 1, rest: 2 },
  );
});

test("an instance is counted once, however many turns it has in a part of the day", () => {
  const isConnected = ({ status }) => status === "confirmed";
  const short = { ...OFFICE, stop: "17:00" };
  const counted = (more, part) => {
    const groups = turnsByPart([resource("web", more)], true, NOW);
    return countsOf(
      groups.find(({ name }) => name === part),
      isConnected,
    );
  };
  assert.deepEqual(counted({ windows: [short], account_status: "failed" }, "tomorrow"), { start: 0, stop: 0, rest: 1 });
  const twice = [
    { ...OFFICE, stop: "19:00" },
    { ...OFFICE, start: "20:00", stop: "21:00" },
  ];
  assert.deepEqual(counted({ windows: twice }, "tonight"), { start: 1, stop: 1, rest: 0 });
  for (const account_status of ["confirmed", "failed"])
    assert.deepEqual(counted({ windows: null, account_status }, "none"), { start: 0, stop: 0, rest: 0 });
});

test("of several turns that were missed, the last is shown: no other would have been made", () => {
  const daily = { ...OFFICE, days: DAYS, stop: "18:00" };
  // The stop of Monday, the start of Tuesday and so on were missed; on Thursday it is on.
  const missed = { windows: [daily], turn_at: "2026-01-05T18:00:00Z" };
  const [first] = said(turnsByPart([resource("web", missed)], true, NOW));
  assert.deepEqual(first, ["missed", "start 01-08T08:00 web"]);
});

const timeOf = (time) => Date.parse(`2026-01-${time}Z`);
// The first parts of one that stops at 20:00, as the API said at a time, seen at another one.
const seen = (now, readAt, more) =>
  said(turnsByPart([resource("web", more)], true, timeOf(now), "", "", timeOf(readAt)));

test("a turn whose time has come since the API answered is due, and no more to come", () => {
  const stop = ["due", "stop 01-08T20:00 web"];
  assert.deepEqual(seen("08T20:00", "08T12:00").slice(0, 2), [stop, ["tomorrow", "start 01-09T08:00 web"]]);
  // However old the answer is: it does not say that nobody made the turn.
  assert.deepEqual(seen("08T23:00", "08T12:00")[0], stop);
  assert.deepEqual(seen("09T08:30", "08T12:00")[0], ["due", "start 01-09T08:00 web"]);
  const untilThursday = { windows: [{ ...OFFICE, days: DAYS.slice(0, 4) }] };
  assert.deepEqual(seen("08T20:01", "08T12:00", untilThursday), [stop, ["later", "start 01-12T08:00 web"]]);
  const always = { windows: [{ days: DAYS, start: "00:00", stop: "00:00" }] };
  assert.deepEqual(seen("09T00:01", "08T12:00", always), [["always", "start web"]]);
  const away = { schedule: { time_zone: "America/Nowhere", windows: [OFFICE] } };
  assert.deepEqual(seen("08T20:01", "08T12:00", away), [stop]);
});

test("what was not made an hour after its time, when the API answered, is missed", () => {
  const late = { now: timeOf("08T20:30"), turn_at: "2026-01-08T20:00:00Z" };
  assert.deepEqual(seen("08T23:00", "08T21:00", late)[0], ["due", "stop 01-08T20:00 web"]);
  assert.deepEqual(seen("08T23:00", "08T21:01", late)[0], ["missed", "stop 01-08T20:00 web"]);
});

test("what was read holds until a turn has had time to be made, and of one that is due for as long again", () => {
  const minutes = (readAt, ...resources) => turns.holdsFor(resources, timeOf(readAt)) / 60_000;
  const web = resource("web");
  const due = resource("db", { turn_at: "2026-01-08T19:00:00.000Z" });
  assert.equal(minutes("08T19:59:00", web), 3);
  assert.equal(minutes("08T20:00:30", web), 1.5);
  assert.equal(minutes("08T20:02:00", web), 2);
  assert.equal(minutes("08T20:10:00", web, resource("app", { now: timeOf("08T20:10:00") })), 10);
  assert.equal(minutes("08T19:10:00", due), 10);
  assert.equal(minutes("08T20:00:00", due), 2, "nobody tries for longer than an hour, but the next turn comes");
  assert.equal(minutes("08T21:30:00", due, resource("none", { windows: null })), Infinity);
  // The start of the morning was missed, and the stop is due.
  const older = { turn_at: "2026-01-08T08:00:00Z", now: timeOf("08T20:00:00") };
  assert.equal(minutes("08T20:10:00", resource("old", older)), 10);
  assert.equal(
    minutes(
      "08T20:10:00",
      resource("away", { ...older, schedule: { time_zone: "America/Nowhere", windows: [OFFICE] } }),
    ),
    712,
  );
  const constant = { windows: [{ days: DAYS, start: "00:00", stop: "00:00" }] };
  const on = resource("on", { ...older, ...constant, now: timeOf("09T00:05:00") });
  assert.equal(minutes("09T00:10:00", on), 24 * 60 - 10 + 2, "what stays on all week is not due at midnight");
});

test("what stays on all week is not due, although it has a turn each midnight", () => {
  const always = { windows: [{ days: DAYS, start: "00:00", stop: "00:00" }], turn_at: "2026-01-08T00:00:00Z" };
  assert.deepEqual(said(turnsByPart([resource("on", always)], true, NOW)), [["always", "start on"]]);
});

test("of a time zone that this browser does not know, the next turn is shown, as the API says it", () => {
  const next_action = { action: "stop", at: "2026-01-08T23:00:00Z" };
  const away = { schedule: { time_zone: "America/Nowhere", windows: [OFFICE] }, next_action, turn_at: next_action.at };
  const listed = [resource("web"), resource("away", away)];
  const groups = turnsByPart(listed, true, NOW);
  assert.deepEqual(said(groups).at(-1), ["later", "stop 01-08T23:00 away"]);
  assert.ok(!said(groups.slice(0, -1)).flat().join().includes("away"));
  // Of what was missed, only the first is known: others may have followed it.
  for (const [time, part, does] of [
    ["11:00", "due", "start"],
    ["10:59", "missed", ""],
  ]) {
    const due = { ...away, turn_at: `2026-01-08T${time}:00Z` };
    assert.deepEqual(said(turnsByPart([resource("away", due)], true, NOW)), [
      [part, `${does} 01-08T${time} away`],
      ["later", "stop 01-08T23:00 away"],
    ]);
  }
});

test("a search finds names and IDs of instances and accounts, and forgets no turn of the others", () => {
  const listed = inOrder(
    resource("WebShop", { account: "Sales" }),
    resource("db", { provider_id: "444455556666" }),
    resource("late", { windows: [{ ...OFFICE, start: "09:00", stop: "10:00" }] }),
  );
  const found = (q) =>
    said(turnsByPart(listed, true, NOW, "stop", q))[0]
      ?.slice(1)
      .join();
  assert.match(found("shop"), /WebShop$/);
  assert.match(found("I-WEB"), /WebShop$/);
  assert.match(found("accountsales"), /WebShop$/);
  assert.match(found("4444"), /db$/);
  // As the AWS console writes it, and as the list of accounts is searched.
  assert.match(found("4444-5555-6666"), /db$/);
  assert.match(found("4444 5555 6666"), /db$/);
  assert.match(found("account sales"), /WebShop$/);
  assert.equal(found("--"), undefined);
  assert.equal(found("nothing"), undefined);
  // What is certain follows from all that are loaded.
  const [first] = said(turnsByPart(listed, false, NOW, "start", "webshop"));
  assert.equal(first[1], "start 01-09T08:00 WebShop");
});

test("many instances are arranged in steps", () => {
  const one = resource("web");
  const listed = Array.from({ length: 1_000 }, (_, at) => ({ ...one, resource_id: `${at}` }));
  assert.ok([...turns.turnsByPart(listed, true, NOW)].length >= 10);
});

test("ten thousand accounts have a row each, in the order of their names", () => {
  const one = resource("web");
  const ids = Array.from({ length: 10_000 }, (_, at) => String(at).padStart(5, "0"));
  const listed = ids
    .toReversed()
    .map((id) => ({ ...one, resource_id: id, account_id: id, account_name: `Account${id}` }));
  const [{ rows }] = turnsByPart(listed, true, NOW);
  assert.deepEqual(
    rows.map(({ account }) => account.id),
    ids,
  );
});

test("what follows from a schedule is calculated once, however many instances have it", () => {
  const reads = { count: 0 };
  const counted = (of) =>
    new Proxy(of, {
      get(target, name) {
        reads.count += 1;
        return target[name];
      },
    });
  const readsOf = (instances, more) => {
    reads.count = 0;
    const one = resource("web", more);
    const listed = Array.from({ length: instances }, (_, at) => ({
      ...one,
      resource_id: String(at),
      schedule: counted({ time_zone: "UTC", windows: [OFFICE] }),
    }));
    const [{ rows }] = turnsByPart(listed, true, NOW);
    assert.equal(rows[0].instances.length, instances);
    return reads.count;
  };
  const more = readsOf(5_000) - readsOf(1);
  // As JSON, which tells whether it is another one: its time zone, its windows, and whether it has a form of its own.
  assert.ok(more <= 3 * 4_999, `${more} reads of 4,999 more schedules`);
  // Also of what is due, in an evening when all of a fleet is.
  const due = { turn_at: "2026-01-08T08:00:00Z" };
  const moreDue = readsOf(5_000, due) - readsOf(1, due);
  assert.ok(moreDue <= 8 * 4_999, `${moreDue} reads of 4,999 more schedules`);
});
