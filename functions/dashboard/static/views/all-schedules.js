// What the schedules of all accounts start and stop next: tonight, tomorrow, later.
import * as api from "../lib/api.js";
import { announce, fill, focus, focused, focusOn, h, keying, later, render } from "../lib/dom.js";
import { doubling } from "../lib/doubling.js";
import { onTick } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { dayName, timeIn, timeOfDay } from "../lib/later-formats.js";
import { KNOWN_REGIONS } from "../lib/regions-field.js";
import { roomy } from "../lib/room.js";
import * as router from "../lib/router.js";
import * as session from "../lib/session.js";
import * as store from "../lib/store.js";
import { drawer } from "../lib/slices.js";
import { countsOf, EVENING, holdsFor, minuteOf, turnsByPart, MORNING } from "../lib/turns.js";
import { button, freshnessMark, isConnected, section, skeleton, statusBadge } from "../lib/ui.js";
import { isKnownZone } from "../lib/week.js";
import { wordOf } from "../texts.js";
import { KINDS } from "./kinds.js";
import { t } from "./texts.js";

// So many names stand in a row. The account's own schedules have the others.
const MOST_NAMES = 5;
// So many rows of a part of the day are shown at first, and more with each press: each row that is there makes all that
// the page does take longer.
const ROWS_AT_ONCE = 100;
// What is said of a search has room for so many.
const MOST_SEARCHED = 99_999;
// What the address may choose. Other values are left out, as in the list of accounts.
const FILTERS = {
  q: /^.{1,128}$/,
  action: /^(start|stop)$/,
  kind: new RegExp(`^(${Object.keys(KINDS).join("|")})$`),
  region: /^[a-z0-9-]{1,30}$/,
  account_id: /^\w{1,64}$/,
};

/**
 * What this session has seen, for who comes back: of which list, the answers, when they were read, and how far the page
 * was scrolled. `rooms`: how many rows are shown of the parts of the day of which that is not `ROWS_AT_ONCE`.
 * @type {{of: string, answers?: any[], readAt: number, scroll: number, rooms: Map<string, number>}}
 */
let seen = nothing();
session.onChange(() => (seen = nothing()));

function nothing(of = "") {
  return { of, readAt: 0, scroll: 0, rooms: new Map() };
}

export function allSchedules({ main, title, path, query, signal }) {
  title(t.turns.title);
  /** @type {Record<string, string>} */
  const chosen = Object.fromEntries(
    Object.entries(FILTERS).map(([name, form]) => [name, form.exec(query.get(name)?.trim() ?? "")?.[0] ?? ""]),
  );
  const place = h("div", {});
  const only = h("p", { class: "row-links", hidden: true });
  const { text: label, ...words } = t.turns.filters;
  const regions = choice("region", words.region, [], chosen, choose);
  /** Those that instances have, as far as this view has read them. @type {Set<string>} */
  const used = new Set();
  const drawRegions = () => {
    // Under whoever chooses by keyboard, none moves.
    const select = regions.querySelector("select");
    if (focused(select)) return void select.addEventListener("blur", drawRegions, { once: true, signal });
    const others = KNOWN_REGIONS.filter((region) => !used.has(region));
    const names = [...[...used].toSorted(), ...others];
    optionsIn(
      select,
      words.region.all,
      names.map((region) => [region, region]),
      chosen.region,
    );
  };
  const onRead = (resources) => {
    for (const { region } of resources) used.add(region);
    drawRegions();
    if (chosen.account_id && resources.length) drawOnly(resources[0].account_name);
  };
  /** @type {ReturnType<typeof turnList> | undefined} */
  let list;
  let ended = new AbortController();
  const show = () => {
    ended.abort();
    ended = new AbortController();
    const made = turnList(chosen, AbortSignal.any([signal, ended.signal]), choose, onRead);
    list = made;
    fill(place, made.node);
    return made;
  };
  // The schedules of accounts are chosen by the API, what they do by the page: a later turn may be the one that is
  // asked for. The page also searches, because the API does not.
  const say = () => signal.aborted || announce(list?.searched() || t.turns.chosen);
  function choose(name, value) {
    chosen[name] = value;
    router.rewrite(path, new URLSearchParams(Object.entries(chosen).filter(([, each]) => each)));
    const had = focused(only);
    if (name === "account_id") drawOnly();
    // What led back to all accounts is hidden now.
    if (had && only.hidden) focusOn(place);
    if (name === "action" || name === "q") {
      list?.draw();
      say();
    } else {
      const made = show();
      // Not of one that could not be read, or that another has replaced.
      Promise.resolve(made.first).then(() => made === list && made.readAt() && say());
    }
  }
  // Its name is that of its instances, once they are there.
  const drawOnly = (name = "") => {
    only.hidden = !chosen.account_id;
    render(only, t.turns.oneAccount(name), (text) => [
      h("span", {}, text),
      h("button", { type: "button", class: "link", onclick: () => choose("account_id", "") }, t.turns.allAccounts),
    ]);
  };
  drawOnly();
  drawRegions();
  // How old it is stands above it.
  show();
  fill(
    main,
    h(
      "div",
      { class: "page-head" },
      h(
        "div",
        { class: "head-title" },
        h("h1", {}, t.turns.title),
        freshnessMark(
          () => list?.readAt() ?? 0,
          signal,
          () => list?.lateAfter(),
        ),
      ),
    ),
    h("p", { class: "lead" }, t.turns.text(timeOfDay(EVENING), timeOfDay(MORNING))),
    h(
      "div",
      { class: "stack" },
      h(
        "div",
        { class: "choices", role: "group", "aria-label": label },
        search(words.q, chosen, choose, signal),
        choice("action", words.action, Object.entries(t.turns.does), chosen, choose),
        choice(
          "kind",
          words.kind,
          Object.keys(KINDS).map((kind) => [kind, wordOf(t.instances.kinds, kind)]),
          chosen,
          choose,
        ),
        regions,
      ),
      only,
      place,
    ),
  );
  onTick(() => list?.drawIfDue(), signal);
}

function search({ label, hint }, chosen, choose, signal) {
  let typing = () => {};
  const input = h("input", {
    type: "search",
    class: "input",
    name: "q",
    value: chosen.q,
    placeholder: hint,
    maxlength: "128",
    oninput: () => {
      typing();
      typing = later(200, () => choose("q", input.value.trim()), signal);
    },
  });
  return h("label", {}, h("span", {}, label), input);
}

function choice(name, { label, all }, options, chosen, choose) {
  const select = h("select", {
    ...{ class: "input", name },
    onchange: (event) => choose(name, event.currentTarget.value),
  });
  optionsIn(select, all, options, chosen[name]);
  return h("label", {}, h("span", {}, label), select);
}

// A region of the address that is not among these stays one.
function optionsIn(select, all, options, chosen) {
  const known = options.some(([value]) => value === chosen);
  const others = chosen && !known ? [[chosen, chosen]] : [];
  render(select, [["", all], ...options, ...others], (shown) =>
    shown.map(([value, text]) => h("option", { value }, text)),
  );
  select.value = chosen;
}

function turnList(chosen, signal, choose, onRead) {
  const { kind, region, account_id } = chosen;
  const [node, bound, list] = [h("div", {}), h("div", {}), h("div", { class: "stack" })];
  /** @type {any[]} */
  let resources = [];
  let [isWhole, drawnIn] = [false, 0];
  /** @type {import("../lib/doubling.js").ToAll} */
  let allOf;
  // How many rows there were as more of them were asked for. The rows after these may be drawn in several tries.
  let shownBefore = 0;
  const drawCards = drawer(list, signal);
  // Until all is drawn, the button below would move.
  const below = h("div", { hidden: true });
  const content = h("div", {}, bound, list, below);
  const of = JSON.stringify([kind, region, account_id]);
  if (seen.of !== of) seen = nothing(of);
  const before = seen;
  let isBack = false;
  // Once all is drawn, unless the reader has scrolled meanwhile.
  const comeBack = () => {
    if (!isBack && before.scroll && !window.scrollY) window.scrollTo(0, before.scroll);
    isBack = true;
  };
  const onscroll = () => {
    if (isBack) before.scroll = window.scrollY;
  };
  addEventListener("scroll", onscroll, { passive: true, signal });
  // How many are searched. It stays as all are read, so that no row moves.
  const searched = () => {
    if (!chosen.q || (isWhole && !((before.answers?.length ?? 0) > 1))) return "";
    return isWhole ? t.turns.searchedAll(resources.length) : t.turns.searched(resources.length);
  };
  const draw = async () => {
    const now = Date.now();
    drawnIn = minuteOf(now);
    if (!(await drawCards(steps(now)))) return;
    below.hidden = false;
    if (before.answers) comeBack();
  };
  // How many are searched, and the cards of the parts of the day, with their rows.
  function* steps(now) {
    render(bound, searched(), searchedIn);
    const groups = yield* turnsByPart(resources, isWhole, now, { ...chosen, readAt: before.readAt });
    const none = isWhole ? t.turns.none : t.turns.noneSoFar;
    if (!groups.length) return void fill(list, h("p", { class: "empty-line" }, none));
    // A new card comes with its rows, below those that are whole: so nothing moves, also if another drawing goes on.
    const there = new Set([...list.children].map(({ dataset }) => dataset.key));
    const heads = groups.map(headOf);
    for (const [index, { name, rows }] of groups.entries()) {
      const shown = heads.filter(({ key }, at) => at <= index || there.has(key));
      yield* keying(list, shown, ({ key }) => key, groupCard);
      const card = list.children[index];
      const room = before.rooms.get(heads[index].key) ?? ROWS_AT_ONCE;
      const [body, more] = ["ul", ".more"].map((each) => card.querySelector(each));
      const draws = (row) => turnRow(row, name, choose);
      yield* keying(body, rows.slice(0, room), ({ key }) => key, draws);
      const onclick = () => {
        shownBefore = room;
        before.rooms.set(heads[index].key, room + ROWS_AT_ONCE);
        draw();
      };
      render(more, [room, rows.length - room], ([, rest]) => {
        const text = t.turns.showRest(Math.min(rest, ROWS_AT_ONCE));
        const label = `${text}: ${card.querySelector("h2").textContent}`;
        return rest > 0 && button(text, { "data-part": "rest", "aria-label": label, onclick });
      });
      // The button is gone after the last rows.
      if (focus() === more) focusOn(body.children[shownBefore] ?? body.lastElementChild);
    }
  }
  const take = (answers, toAll) => {
    allOf = toAll;
    resources = answers.flatMap(({ items }) => items).filter(({ account_id: id }) => !store.isGone(id));
    isWhole = !answers.at(-1).next_cursor;
    draw();
    onRead(resources);
    return content;
  };
  const searchedIn = (said) => {
    if (!said) return null;
    const pressing = !isWhole && allOf(t.turns.searchAll);
    return roomy(
      "p",
      { class: "lead small" },
      [t.turns.searchAll, t.doubling.stop(MOST_SEARCHED)].map((act) => `${t.turns.searched(MOST_SEARCHED)} ${act}`),
      said,
      pressing && [
        " ",
        h("button", { type: "button", class: "link", "data-part": "all", ...pressing }, t.turns.searchAll),
      ],
    );
  };
  const ask = (cursor, until) =>
    api.get("/v1/resources", { query: { limit: 100, cursor, kind, region, account_id }, signal: until });
  const part = doubling(node, ask, take, {
    signal,
    kept: before,
    // Also before anything is drawn.
    holds: () => holdsFor(before.answers?.flatMap(({ items }) => items) ?? [], before.readAt),
    text: t.turns.lookAtMore,
    count: (answers) => answers.reduce((count, { items }) => count + items.length, 0),
    said: () => t.turns.loaded(resources.length),
    placeholder: () => skeleton(6),
  });
  below.append(part.more);
  // Time alone changes it only at some minutes.
  return { ...part, node, draw, searched, drawIfDue: () => minuteOf(Date.now()) !== drawnIn && draw() };
}

function headOf(group) {
  const { key, name, weekday, isWhole } = group;
  if (name === "missed") return { key, name, weekday, note: t.turns.notTried };
  const { start, stop, rest } = countsOf(group, isConnected);
  const counted = name === "always" ? [] : [stop && t.turns.stop(stop), start && t.turns.start(start)];
  const counts = [...counted, rest && t.turns.rest(rest)].filter(Boolean).join(" · ");
  return { key, name, weekday, note: counts && !isWhole ? t.turns.soFar(counts) : counts };
}

// The card that was there before stays: the browser would lay out anew all its rows if they moved to another one.
function groupCard({ name, weekday, note }, before) {
  const card = before ?? section("", {}, h("p", { class: "muted" }), h("ul", {}), h("div", { class: "more" }));
  card.querySelector("h2").textContent = wordOf(t.turns.parts, name)(dayName(weekday, "long"));
  const said = card.querySelector("p");
  said.textContent = note;
  said.hidden = !note;
  return card;
}

// Parts of more than one day.
const DATED = ["missed", "due", "later"];
// Of a part, or else of what is done.
const ICONS = { missed: "warning", start: "play", stop: "stop" };

function turnRow({ key, at, zone, action, account, instances }, part, choose) {
  const [noted, ...alsoNoted] = instances.filter(({ note }) => note);
  const [first, ...lines] = linesOf(instances, account, part);
  // Without a schedule there is none; of a missed turn it may not be known.
  const words = { always: t.turns.keeps, missed: t.turns.misses }[part] ?? t.turns.does;
  const does = (action || part === "missed") && wordOf(words, action);
  const isKnown = at === null || isKnownZone(zone);
  return h(
    "li",
    { class: "trail-row turn", "data-item": key },
    h(
      "span",
      { class: "trail-when" },
      at !== null && h("strong", {}, timeIn(at, isKnown ? zone : "UTC", { dated: DATED.includes(part) })),
      zone && h("span", { class: "muted small" }, " ", t.turns[isKnown ? "inZone" : "inUnknownZone"](zone)),
    ),
    h(
      "span",
      { class: "trail-what" },
      does && [icon(ICONS[part] ?? ICONS[action]), " ", h("strong", {}, does), " "],
      first,
      lines.map((line) => h("div", {}, line)),
      noted &&
        h(
          "span",
          { class: "small" },
          ...[" ", icon("warning"), " "],
          alsoNoted.length ? t.turns.noted : t.turns.lastTurn(noted.name, noted.note),
        ),
    ),
    h(
      "span",
      { class: "trail-who" },
      h("a", { href: `#/accounts/${api.segment(account.id)}/schedules` }, account.name),
      h("span", { class: "muted small" }, account.number),
      !isConnected(account) && [statusBadge(account.status), h("span", { class: "small" }, t.turns.rests)],
      h(
        "button",
        {
          type: "button",
          class: "link small",
          "data-part": "only",
          "aria-label": t.turns.onlyThis(account.name),
          onclick: () => choose("account_id", account.id),
        },
        t.turns.only,
      ),
    ),
  );
}

// What is of one kind and region shares a line, so that each instance is told apart. Those for which a row has no room
// are counted.
function linesOf(instances, account, part) {
  const [named, others] = [instances.slice(0, MOST_NAMES), instances.slice(MOST_NAMES)];
  const placeOf = ({ kind, region }) => `${kind} ${region}`;
  const isSame = ({ name }) => named.filter((each) => each.name === name).length > 1;
  // Those of one Auto Scaling group have the same name. Of a row of its own, the others may be in other rows.
  const linkTo = (each) => [
    h("a", { href: addressOf(each, account) }, each.name),
    (part === "none" || isSame(each)) && each.name !== each.id && [" ", h("code", {}, each.id)],
  ];
  const line = (some, rest = []) => [
    some.map((each, index) => [index > 0 && ", ", linkTo(each)]),
    rest.length > 0 && ` ${t.turns.others(rest.length)}`,
    h("span", { class: "muted small" }, " · ", placesOf([...some, ...rest]).join(" · ")),
  ];
  if (new Set(instances.map(placeOf)).size === 1) return [line(named, others)];
  const lines = [...Map.groupBy(named, placeOf).values()].map((alike) => line(alike));
  return others.length ? [...lines, line([], others)] : lines;
}

const placesOf = (instances) => [
  [...new Set(instances.map(({ kind }) => wordOf(t.instances.kinds, kind)))].join(", "),
  [...new Set(instances.map(({ region }) => region))].join(", "),
];

// Its row among the instances of its account, with its state and all that can be done to it. Of an account that is not
// connected nothing is listed there; so its schedule.
function addressOf({ key, id, kind, region }, account) {
  const [tab, row] = isConnected(account) ? ["instances", `${kind}/${region}/${id}`] : ["schedules", key];
  return `#/accounts/${api.segment(account.id)}/${tab}?${new URLSearchParams({ row })}`;
}
