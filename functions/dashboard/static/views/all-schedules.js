// What the schedules of all accounts start and stop next: tonight, tomorrow, later.
import * as api from "../lib/api.js";
import { announce, fill, h } from "../lib/dom.js";
import { onTick } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { dayName, timeIn, timeOfDay } from "../lib/later-formats.js";
import { KNOWN_REGIONS } from "../lib/regions-field.js";
import * as router from "../lib/router.js";
import { countsOf, EVENING, minuteOf, turnsByPart, MORNING } from "../lib/turns.js";
import { freshnessMark, isConnected, section, skeleton, statusBadge } from "../lib/ui.js";
import { pagedList } from "../lib/watched.js";
import { wordOf } from "../texts.js";
import { t } from "./texts.js";

// So many names stand in a row. The account's own schedules have the others.
const MOST_NAMES = 5;
const FILTERS = ["action", "kind", "region", "account_id"];

export function allSchedules({ main, title, path, query, signal }) {
  title(t.turns.title);
  /** @type {Record<string, string>} */
  const chosen = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
  const place = h("div", {});
  const only = h("p", { class: "row-links", hidden: true });
  /** @type {ReturnType<typeof turnList> | undefined} */
  let list;
  let ended = new AbortController();
  const show = () => {
    ended.abort();
    ended = new AbortController();
    const made = turnList(chosen, AbortSignal.any([signal, ended.signal]), choose);
    list = made;
    fill(place, made.node);
    return Promise.resolve(made.first);
  };
  // The schedules of accounts are chosen by the API, what they do by the page: a later turn may be the one that is
  // asked for.
  const say = () => signal.aborted || announce(t.turns.chosen);
  const choose = (name, value) => {
    chosen[name] = value;
    router.rewrite(path, new URLSearchParams(FILTERS.flatMap((each) => (chosen[each] ? [[each, chosen[each]]] : []))));
    drawOnly();
    if (name === "action") {
      list?.draw();
      say();
    } else {
      show().then(say);
    }
  };
  const drawOnly = () => {
    only.hidden = !chosen.account_id;
    fill(
      only,
      h("span", {}, t.turns.oneAccount),
      h("button", { type: "button", class: "link", onclick: () => choose("account_id", "") }, t.turns.allAccounts),
    );
  };
  drawOnly();
  const { text, ...words } = t.turns.filters;
  fill(
    main,
    h(
      "div",
      { class: "page-head" },
      h(
        "div",
        { class: "head-title" },
        h("h1", {}, t.turns.title),
        freshnessMark(() => list?.readAt() ?? 0, signal),
      ),
    ),
    h("p", { class: "lead" }, t.turns.text(timeOfDay(EVENING), timeOfDay(MORNING))),
    h(
      "div",
      { class: "stack" },
      h(
        "div",
        { class: "choices", role: "group", "aria-label": text },
        choice("action", words.action, Object.entries(t.turns.does), chosen, choose),
        choice("kind", words.kind, Object.entries(t.instances.kinds), chosen, choose),
        choice(
          "region",
          words.region,
          KNOWN_REGIONS.map((region) => [region, region]),
          chosen,
          choose,
        ),
      ),
      only,
      place,
    ),
  );
  show();
  onTick(() => list?.drawIfDue(), signal);
}

// A value of the address that is not among these stays one.
function choice(name, { label, all }, options, chosen, choose) {
  const known = options.some(([value]) => value === chosen[name]);
  const others = chosen[name] && !known ? [[chosen[name], chosen[name]]] : [];
  const select = h(
    "select",
    { class: "input", name, onchange: (event) => choose(name, event.currentTarget.value) },
    [["", all], ...options, ...others].map(([value, text]) => h("option", { value }, text)),
  );
  select.value = chosen[name];
  return h("label", {}, h("span", {}, label), select);
}

function turnList(chosen, signal, choose) {
  const { kind, region, account_id } = chosen;
  const list = h("div", { class: "stack" });
  let drawnIn = 0;
  const turns = pagedList({
    signal,
    list,
    empty: h("p", { class: "empty-line" }, t.turns.none),
    placeholder: () => skeleton(6),
    keyOf: (each) => each.key ?? each.resource_id,
    changes: true,
    arrange: (resources, isWhole) => {
      const now = Date.now();
      drawnIn = minuteOf(now);
      return turnsByPart(resources, isWhole, now, chosen.action);
    },
    renderItem: (group) => groupCard(group, choose),
    fetchPage: (cursor) =>
      api.get("/v1/resources", { query: { limit: 100, cursor, kind, region, account_id }, signal }),
  });
  // Time alone changes it only at some minutes.
  return { ...turns, drawIfDue: () => minuteOf(Date.now()) !== drawnIn && turns.draw() };
}

function groupCard(group, choose) {
  const { name, weekday, rows } = group;
  const { start, stop, rest } = countsOf(group, isConnected);
  const counted =
    name === "none" || name === "always" ? [] : [stop && t.turns.stop(stop), start && t.turns.start(start)];
  const note = [...counted, rest && t.turns.rest(rest)].filter(Boolean).join(" · ");
  return section(
    wordOf(t.turns.parts, name)(dayName(weekday, "long")),
    { note },
    h(
      "ul",
      {},
      rows.map((row) => turnRow(row, name, choose)),
    ),
  );
}

function turnRow({ key, at, zone, action, account, instances }, part, choose) {
  const names = instances.slice(0, MOST_NAMES).map(({ name }) => name);
  const others = instances.length - names.length;
  const kinds = [...new Set(instances.map(({ kind }) => wordOf(t.instances.kinds, kind)))];
  const regions = [...new Set(instances.map(({ region }) => region))];
  // Without a schedule there is none.
  const does = action && wordOf(part === "always" ? t.turns.keeps : t.turns.does, action);
  return h(
    "li",
    { class: "trail-row", "data-item": key },
    h(
      "span",
      { class: "trail-when" },
      at !== null && h("strong", {}, timeIn(at, zone, { dated: part === "later" })),
      zone && h("span", { class: "muted small" }, " ", t.turns.inZone(zone)),
    ),
    h(
      "span",
      { class: "trail-what" },
      action && [icon(action === "start" ? "play" : "stop"), " ", h("strong", {}, does), " "],
      names.join(", "),
      others > 0 && ` ${t.turns.others(others)}`,
      h("span", { class: "muted small" }, " · ", kinds.join(", "), " · ", regions.join(", ")),
      instances.some(({ note }) => note) && h("span", { class: "small" }, " ", icon("warning"), " ", t.turns.noted),
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
