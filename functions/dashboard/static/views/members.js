// The members of an enrollment as a tree of units: nested lists that open, with how many are in which state. Only what
// is open is in the document, some at a time, and only that is read.
import * as api from "../lib/api.js";
import { announce, fill, focusOn, h, keyed, later, uniqueId } from "../lib/dom.js";
import { stopwatch } from "../lib/elapsed.js";
import { icon } from "../lib/icons.js";
import { readUnits } from "../lib/read-units.js";
import { inSlices } from "../lib/slices.js";
import { MEMBER_STATES, countOf, progressOf, treeOf } from "../lib/units.js";
import { button, skeleton, STATUS_ICONS } from "../lib/ui.js";
import { keptTrue, pagedList } from "../lib/watched.js";
import { number, wordOf } from "../texts.js";
import { t } from "./texts.js";

const AT_ONCE = 50;
// The units are counted again when members have changed, but no more often: it takes a request for each 500 members.
const COUNT_EVERY_MS = 10_000;

// The colours of statuses, and icons of its own for each state.
const LOOKS = {
  connected: ["confirmed", "check"],
  role_missing: ["unconfirmed", "clock"],
  problem: ["degraded", "warning"],
  excluded: ["off", "dash"],
  suspended: ["off", "lock"],
  closed: ["off", "cross"],
};
const lookOf = (state) => LOOKS[state] ?? ["off", "question"];
const STATUS_LOOKS = { waiting: "unconfirmed", connected: "confirmed", failed: "failed" };

/** The status of an enrollment. */
export function badge(status) {
  const look = STATUS_LOOKS[status] ?? "unconfirmed";
  return h(
    "span",
    { class: `status status-${look}` },
    h("span", { class: "status-mark" }, icon(STATUS_ICONS[look])),
    h("span", {}, wordOf(t.enrollments.status, status)),
  );
}

function mark(state) {
  return h("span", { class: "status-mark" }, icon(lookOf(state)[1]));
}

// States of a newer API come last.
const statesOf = (totals) =>
  [...new Set([...MEMBER_STATES, ...Object.keys(totals)])].filter((state) => totals[state] > 0);

/** How many are in each state; of one state alone, with `only`. */
export function stateCounts(totals, only = "") {
  return h(
    "ul",
    { class: "unit-counts" },
    statesOf(totals)
      .filter((state) => !only || state === only)
      .map((state) =>
        h(
          "li",
          { class: `status status-${lookOf(state)[0]}` },
          mark(state),
          t.enrollments.counted(wordOf(t.enrollments.states, state), totals[state]),
        ),
      ),
  );
}

// The words beside it say the same.
function bar(totals) {
  return h(
    "span",
    { class: "unit-bar", "aria-hidden": "true" },
    statesOf(totals).map((state) => {
      const part = h("span", { class: `bar-${lookOf(state)[0]}` });
      part.style.flexGrow = String(totals[state]);
      return part;
    }),
  );
}

/**
 * The tree of an enrollment's members. `take`: its newest totals. If they have changed, the units are counted again.
 * @param {string} enrollmentId
 * @param {AbortSignal} signal
 */
export function memberTree(enrollmentId, signal) {
  /** @type {ReturnType<typeof treeOf>} */
  let tree = treeOf([]);
  let state = "";
  /** How many units of a list are shown, if more than usual. @type {WeakMap<Element, number>} */
  const shownOf = new WeakMap();
  /** The open units, by id. @type {Map<string, {node: Element, first: () => Promise<any> | undefined,
   *   draw: () => void, again: () => void, filter: () => void, end: () => void}>} */
  const open = new Map();
  const top = unitList(signal, () => tree.roots, { "aria-label": t.enrollments.tree });
  const none = h("p", { class: "muted", hidden: true }, t.enrollments.noneInState);
  const content = h("div", {}, top.node, none);
  const place = h("div", {});
  const filters = h("fieldset", { class: "filters" });

  // ---- units -----------------------------------------------------------------------------------

  // Each is drawn after the unit around it: a step, because many may be open.
  const drawAll = (draw = (unit) => unit.draw()) => {
    top.draw();
    none.hidden = tree.roots.some(({ all }) => countOf(all, state));
    return inSlices(drawing(draw), signal);
  };
  function* drawing(draw) {
    for (const unit of open.values()) {
      yield;
      if (top.node.contains(unit.node)) draw(unit);
      else unit.end();
    }
  }

  const counted = keptTrue(
    place,
    () => readUnits(enrollmentId, signal),
    (fresh) => {
      const before = tree;
      tree = fresh;
      const isFirst = !before.roots.length;
      drawAll();
      if (isFirst && tree.roots.length === 1) toggle(top.node.querySelector(".unit"), signal);
      for (const [id, unit] of open) {
        const [old, now] = [before, tree].map(({ byId }) => JSON.stringify(byId.get(id)?.own));
        if (!isFirst && old !== now) unit.again();
      }
      return content;
    },
    { signal, once: true, placeholder: () => skeleton(5) },
  );

  // Some units of a list, and a button for more.
  function unitList(until, unitsOf, attributes = {}) {
    const list = h("ul", { class: "units", ...attributes });
    const more = h("div", { class: "more" });
    const draw = () => {
      const units = unitsOf().filter(({ all }) => countOf(all, state));
      const count = shownOf.get(list) ?? AT_ONCE;
      const items = units.slice(0, count).map(({ id, name, all }) => ({ id, name, all, state }));
      keyed(list, items, ({ id }) => id, unitItem(until));
      list.hidden = !items.length;
      const left = units.length - items.length;
      const showMore = () => {
        shownOf.set(list, count + AT_ONCE);
        draw();
        focusOn(list.children[count]);
      };
      const part = { "data-part": "more", onclick: showMore };
      fill(more, left > 0 && button(t.enrollments.moreUnits(Math.min(left, AT_ONCE)), part));
    };
    return { node: h("div", {}, list, more), draw };
  }

  // A known element stays, with what is open in it.
  const unitItem = (until) => (unit, known) => {
    const node = known ?? newUnit(unit.id, until);
    node.querySelector(".unit-name").textContent = unit.name;
    fill(node.querySelector(".unit-figures"), figures(unit.all));
    return node;
  };

  function figures(totals) {
    const { connected, wanted } = progressOf(totals);
    return [
      !state && [bar(totals), h("span", { class: "muted small" }, t.enrollments.progress(connected, wanted))],
      stateCounts(totals, state),
    ];
  }

  function newUnit(id, until) {
    const body = h("div", { class: "unit-body", id: uniqueId("unit"), hidden: true });
    const press = h(
      "button",
      {
        type: "button",
        class: "unit-button",
        "aria-expanded": "false",
        "aria-controls": body.id,
        onclick: () => toggle(node, until),
      },
      icon("right"),
      h("span", { class: "unit-name" }),
    );
    const node = h(
      "li",
      { class: "unit" },
      h("div", { class: "unit-row" }, press, h("div", { class: "unit-figures" })),
      body,
    );
    node.dataset.key = id;
    return node;
  }

  /** @param {any} node @param {AbortSignal} until */
  function toggle(node, until) {
    const id = node.dataset.key;
    const body = node.querySelector(".unit-body");
    const known = open.get(id);
    if (known) known.end();
    else openUnit(id, body, until);
    body.hidden = Boolean(known);
    node.querySelector(".unit-button").setAttribute("aria-expanded", String(!known));
  }

  // Closing it ends what it reads, and closes the units in it.
  function openUnit(id, body, until) {
    const own = new AbortController();
    const within = AbortSignal.any([until, own.signal]);
    const unitOf = () => tree.byId.get(id);
    const units = unitList(within, () => unitOf()?.below ?? []);
    const list = h("div", {});
    /** @type {{pages: ReturnType<typeof membersOf>, end: AbortController} | null} */
    let members = null;
    const draw = () => {
      units.draw();
      const wanted = countOf(unitOf()?.own ?? {}, state) > 0;
      if (wanted && !members) {
        const end = new AbortController();
        members = { pages: membersOf(id, AbortSignal.any([within, end.signal])), end };
        fill(list, members.pages.node);
      } else if (!wanted && members) drop();
    };
    const drop = () => {
      members?.end.abort();
      members = null;
      fill(list);
    };
    const again = () => void members?.pages.again().catch(() => {});
    const filter = () => {
      drop();
      draw();
    };
    open.set(id, { node: body, first: () => members?.pages.first, draw, again, filter, end: () => own.abort() });
    within.addEventListener("abort", () => {
      open.delete(id);
      fill(body);
    });
    fill(body, inTheList(id), units.node, list);
    draw();
  }

  // The accounts of a unit where they can be sorted, filtered and exported.
  function inTheList(id) {
    const { name } = /** @type {any} */ (tree.byId.get(id));
    const address = `#/accounts?${new URLSearchParams({ enrollment_id: enrollmentId, ou: id })}`;
    const label = `${t.enrollments.inTheList}: ${name}`;
    return h("p", { class: "small" }, h("a", { href: address, "aria-label": label }, t.enrollments.inTheList));
  }

  // ---- members ---------------------------------------------------------------------------------

  function membersOf(id, until) {
    const { name } = /** @type {any} */ (tree.byId.get(id));
    return pagedList({
      signal: until,
      once: true,
      changes: true,
      placeholder: () => skeleton(2),
      list: h("ul", { class: "members", "aria-label": t.enrollments.membersOf(name) }),
      empty: h("li", { class: "empty-line" }, t.enrollments.noneHere),
      keyOf: ({ provider_id: digits }) => digits,
      renderItem: memberRow,
      // The API reads some members for a page, and gives those that fit: often none. If the first page has all that
      // are counted, the others need not be read.
      async fetchPage(cursor) {
        const all = cursor ? Infinity : countOf(tree.byId.get(id)?.own ?? {}, state);
        const items = [];
        do {
          const query = { ou: id, direct: true, state, cursor, limit: AT_ONCE - items.length };
          const page = await api.get(`/v1/enrollments/${api.segment(enrollmentId)}/members`, { query, signal: until });
          items.push(...page.items);
          cursor = page.next_cursor;
        } while (cursor && items.length < Math.min(AT_ONCE, all));
        return { items, next_cursor: items.length < all ? cursor : null };
      },
    });
  }

  // ---- the filter ------------------------------------------------------------------------------

  const choose = (chosen) => {
    state = chosen;
    drawAll((unit) => unit.filter());
    if (!none.hidden) announce(t.enrollments.noneInState);
  };

  const entry = (value, text) =>
    h(
      "label",
      { class: "filter" },
      h("input", {
        type: "radio",
        name: "member-state",
        class: "sr-only",
        value,
        checked: value === state,
        onchange: () => choose(value),
      }),
      h(
        "span",
        { class: `filter-face ${value ? `status-${lookOf(value)[0]}` : ""}` },
        value && mark(value),
        text,
        h("span", { class: "count" }),
      ),
    );
  fill(
    filters,
    h("legend", { class: "sr-only" }, t.enrollments.filter),
    entry("", t.enrollments.allStates),
    MEMBER_STATES.map((each) => entry(each, t.enrollments.states[each])),
  );

  let before = "";
  let isDue = false;
  let passed = stopwatch();
  const take = (totals) => {
    ["", ...MEMBER_STATES].forEach((each, index) => {
      filters.querySelectorAll(".count")[index].textContent = number(countOf(totals, each));
    });
    const now = JSON.stringify(totals);
    const isFirst = !before;
    if (now === before || isDue) return void (before = now);
    before = now;
    if (isFirst) return;
    isDue = true;
    later(
      Math.max(COUNT_EVERY_MS - passed(), 0),
      () => {
        isDue = false;
        passed = stopwatch();
        counted.again().catch(() => {});
      },
      signal,
    );
  };
  const there = Promise.resolve(counted.first).then(() => Promise.all([...open.values()].map((unit) => unit.first())));
  return { node: h("div", { class: "member-tree" }, filters, place), take, readAt: counted.readAt, there };
}

function memberRow({ name, provider_id: digits, state, account_id: id }) {
  return h(
    "li",
    { class: "member" },
    id ? h("a", { href: `#/accounts/${api.segment(id)}` }, name) : h("span", {}, name),
    h("span", { class: "mono muted" }, digits),
    h(
      "span",
      { class: `status status-${lookOf(state)[0]}` },
      mark(state),
      h("span", {}, wordOf(t.enrollments.states, state)),
    ),
  );
}
