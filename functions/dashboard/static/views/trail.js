// The audit trail of one account or all accounts, and interactions with instances.
import * as api from "../lib/api.js";
import { announce, fill, h } from "../lib/dom.js";
import { stopwatch } from "../lib/elapsed.js";
import { when } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { isMissing } from "../lib/problem.js";
import * as store from "../lib/store.js";
import { freshnessMark, section, skeleton, spinner } from "../lib/ui.js";
import { oldest, pagedList, READ_EVERY_MS } from "../lib/watched.js";
import { wordOf } from "../texts.js";
import { t } from "./texts.js";
import { frame, outcomeOf } from "./account.js";

// How many accounts are looked at in parallel. How many of those that are not there yet are looked at with one read of
// the trail: as many as a page has entries.
const MOST_AT_ONCE = 5;
const MOST_PASSING = 50;
// An act is listed once AWS has answered, or once the wait for that has ended. Either happens within the hour.
const LISTED_WITHIN_MS = 3_600_000;
// A list may lag behind the trail. This time does not depend on a clock.
const LISTED_LATE_MS = 60_000;
// A result, and the customer's log line, come some seconds after the interaction.
const WHILE_PENDING_MS = [2_000, 5_000, 10_000, 20_000];

export function interactions(context) {
  return frame(context, "interactions", (body, handle) => {
    let looks = 0;
    let isPending = false;
    const entries = trail(handle, `/v1/accounts/${api.segment(handle.id)}/interactions`, {
      keyOf: (entry) => entry.interaction_id,
      renderItem: interactionRow,
      none: t.interactions.none,
      changes: true,
      onItems: (items) => {
        isPending = items.some((entry) => entry.logged === "pending" || entry.result === "pending");
        if (!isPending) looks = 0;
      },
      pauseOf: () => (isPending && WHILE_PENDING_MS[looks++]) || READ_EVERY_MS,
    });
    handle.shows(entries);
    const { title, text, kept } = t.interactions;
    fill(
      body,
      section(title, { note: text, actions: entries.newer }, h("p", { class: "muted small" }, kept), entries.node),
    );
  });
}

// An entry is written when its test or act begins. The outcome is in its account's list of tests or interactions. The
// account says what a failed test means.
export function withOutcomes(signal) {
  const outcomes = new Map();
  /** When each outcome was last requested, and when before that, in milliseconds. @type {Map<string, number[]>} */
  const lookedAt = new Map();
  const lookedAgain = (id, asked) => {
    const [last = asked, before] = lookedAt.get(id) ?? [];
    lookedAt.set(id, [asked, last === asked ? (before ?? asked) : last]);
  };
  /**
   * The order in which accounts were looked at. Counted, because a clock may be set back. @type {Map<string, number>}
   */
  const turns = new Map();
  let turn = 0;
  /** Accounts that are being looked at. @type {Set<string>} */
  const underWay = new Set();
  /** Outcomes whose last read failed. @type {Set<string>} */
  const failing = new Set();
  /** For how long outcomes have been looked for, in milliseconds. @type {Map<string, () => number>} */
  const lookedFor = new Map();
  /** @type {any[]} */
  let listed = [];
  /** @type {Promise<any> | null} */
  let running = null;
  const shown = (entry) => {
    const [verification_id, account] = [testOf(entry), store.account(entry.account_id)];
    return { ...entry, outcome: outcomeOf({ verification_id, outcome: outcomes.get(idOf(entry)) }, account) };
  };
  // "Not there yet" is true only until another test ends or the account changes.
  const isPassing = (entry) => shown(entry).outcome === "notThereYet";
  const isOpen = (entry) =>
    Boolean(idOf(entry)) && ((outcomes.get(idOf(entry)) ?? "running") === "running" || isPassing(entry));
  const turnOf = (entries) => turns.get(entries[0].account_id) ?? 0;
  // A deleted account has no entries any more.
  const orGone = (problem) => {
    if (!isMissing(problem)) throw problem;
    return { items: [], isGone: true };
  };
  const look = async (entries, list, id) => {
    if (!entries.length) return;
    const { account_id: account } = entries[0];
    const path = `/v1/accounts/${api.segment(account)}/${list}`;
    const asked = Date.now();
    // If only the account can change the words, only the account is read.
    const read = () => api.get(path, { query: { limit: 100 }, signal }).catch(orGone);
    // The account in the store may be older than this list.
    const willPass = (test) => outcomeOf(test, store.account(account)) === "notThereYet";
    try {
      const { items, isGone } = entries.every(isPassing) ? { items: [] } : await read();
      const newest = items.find(({ outcome }) => outcome);
      if (newest?.outcome === "failed" || entries.some(isPassing) || items.some(willPass))
        await store.readOne(account, signal).catch(orGone);
      for (const each of items) {
        lookedAgain(each[id], asked);
        // A test or act that has ended does not run again. The API may return an older state.
        if ((outcomes.get(each[id]) || "running") === "running") outcomes.set(each[id], each.outcome ?? each.state);
      }
      // An entry without an outcome is older than the list, or its account is gone and nothing runs there. Then the
      // link beside it says more.
      for (const entry of entries) {
        const known = outcomes.get(idOf(entry));
        const passed = lookedFor.get(idOf(entry)) ?? stopwatch();
        lookedFor.set(idOf(entry), passed);
        const mayCome = mayBeOpen(entry) || passed() < LISTED_LATE_MS;
        if (isGone ? (known ?? "running") === "running" : known === undefined && !mayCome)
          outcomes.set(idOf(entry), "");
        lookedAgain(idOf(entry), asked);
        failing.delete(idOf(entry));
      }
    } catch {
      // The next read tries again.
      for (const entry of entries) failing.add(idOf(entry));
    }
  };
  const lookAt = async (entries, draw) => {
    const { account_id: account } = entries[0];
    turns.set(account, ++turn);
    underWay.add(account);
    await Promise.all([
      look(entries.filter(testOf), "verifications", "verification_id"),
      look(entries.filter(isAct), "interactions", "interaction_id"),
    ]);
    underWay.delete(account);
    draw();
  };
  // Looks at each open entry once: first those that run or are unknown, then the accounts that are not there yet,
  // longest wait first. Includes entries that are listed meanwhile.
  const lookAtAll = async (draw) => {
    const had = new Set();
    let few = MOST_PASSING;
    const next = () => {
      const isDue = (entry) => isOpen(entry) && !had.has(idOf(entry)) && !underWay.has(entry.account_id);
      const due = [...Map.groupBy(listed.filter(isDue), ({ account_id: account }) => account).values()];
      const awaited = due.find((entries) => !entries.every(isPassing));
      if (awaited || !few) return awaited;
      few -= due.length && 1;
      return due.toSorted((a, b) => turnOf(a) - turnOf(b))[0];
    };
    const goOn = async () => {
      for (let entries = next(); entries; entries = next()) {
        for (const entry of entries) had.add(idOf(entry));
        await store.unlessItHangs(lookAt(entries, draw), signal);
      }
    };
    await Promise.all(Array.from({ length: MOST_AT_ONCE }, goOn));
  };
  // One round at a time. `draw`: shows what is known by then.
  const complete = (entries, draw = () => {}) => {
    listed = entries;
    running ??= lookAtAll(draw).finally(() => {
      running = null;
    });
    return running;
  };
  const isLacking = (entry) => failing.has(idOf(entry)) && !lookedAt.has(idOf(entry));
  store.lacks(outcomes, signal, () => listed.some(isLacking));
  // The oldest read time of the words that may change; 0 if there are none. Words that are read in turns count with
  // their last read but one, so that the mark does not change with each turn.
  const readAt = () => {
    const passing = new Set(listed.filter(isPassing).map(({ account_id: account }) => account));
    const isInTurns = (entry) => passing.size > MOST_PASSING && isPassing(entry);
    const timeOf = (entry) => lookedAt.get(idOf(entry))?.[Number(isInTurns(entry))] ?? 0;
    return store.oldest(listed.filter(isOpen).map(timeOf));
  };
  return { complete, shown, readAt };
}

export function accountAudit(context) {
  const path = `/v1/accounts/${api.segment(context.params.id)}/audit`;
  const outcomes = withOutcomes(context.signal);
  const show = (body, until, onMissing) => {
    const entries = audit(until, path, outcomes, { ...auditOf(false), onMissing });
    fill(body, section(t.audit.title, { note: t.audit.text, actions: entries.newer }, entries.node));
    return entries;
  };
  // The audit trail outlives the account.
  const draw = (body, handle) => {
    const entries = show(body, handle);
    handle.shows(entries);
    handle.onChange(entries.draw);
  };
  return frame(context, "audit", draw, { whenGone: (body) => show(body, context, () => h("p", {}, t.audit.none)) });
}

export function organizationAudit(context) {
  context.title(t.audit.title);
  const entries = audit(context, "/v1/audit", withOutcomes(context.signal), auditOf(true));
  fill(
    context.main,
    h(
      "div",
      { class: "crumb" },
      h("a", { href: "#/organization" }, icon("left"), t.organization.title),
      freshnessMark(entries.readAt, context.signal),
    ),
    h("div", { class: "page-head" }, h("h1", {}, t.audit.title)),
    section(t.audit.all, { note: t.audit.organizationText, actions: entries.newer }, entries.node),
  );
}

// The trail is as old as its entries and their outcomes.
function audit(context, path, { complete, shown, readAt }, options) {
  const entries = trail(context, path, { ...options, complete, shown });
  return { ...entries, readAt: () => oldest([entries, { readAt }]) };
}

const auditOf = (withAccount) => ({
  keyOf: (entry) => entry.entry_id,
  renderItem: (entry) => auditRow(entry, withAccount),
  none: t.audit.none,
});

/**
 * @param {{signal: AbortSignal}} context
 * @param {string} path
 * @param {{keyOf: (entry: any) => string, renderItem: (entry: any, before?: Element) => Node, none: string,
 *   complete?: (items: any[], draw: () => void) => Promise<any>, shown?: (item: any) => any, changes?: boolean,
 *   onItems?: (items: any[]) => void, onMissing?: (problem: any) => any, pauseOf?: () => number}} options
 */
function trail({ signal }, path, { none, ...options }) {
  return pagedList({
    signal,
    list: h("ul", { class: "trail" }),
    empty: h("li", { class: "empty-line" }, none),
    newer: t.newer,
    placeholder: () => skeleton(5),
    fetchPage: (cursor) => api.get(path, { query: { limit: 50, cursor }, signal }),
    ...options,
  });
}

function auditRow(entry, withAccount) {
  return h(
    "li",
    { class: "trail-row" },
    h("span", { class: "trail-when" }, when(entry.at, { exact: true })),
    h(
      "span",
      { class: "trail-what" },
      h("strong", {}, wordOf(t.audit.actions, entry.action)),
      auditTarget(entry),
      withAccount &&
        entry.account_id && [
          " ",
          h("a", { href: accountOf(entry), "data-part": "account" }, entry.account_name ?? t.organization.deleted),
        ],
      auditDetail(entry),
    ),
    h(
      "span",
      { class: "muted trail-who" },
      entry.actor.email ?? entry.actor.sub ?? wordOf(t.actors, entry.actor.kind),
      entry.source_ip && h("span", { class: "small" }, t.audit.from(entry.source_ip)),
    ),
  );
}

const accountOf = ({ account_id: id }) => `#/accounts/${api.segment(id)}`;
const testOf = ({ action, detail }) => (action === "tested" && /^verification (\S+)$/.exec(detail ?? "")?.[1]) || "";
const isAct = ({ target }) => target.type === "instance";
const mayBeOpen = (entry) => isAct(entry) && Date.now() - Date.parse(entry.at) < LISTED_WITHIN_MS;
// The id under which the outcome of an entry is found.
const idOf = (entry) => testOf(entry) || (isAct(entry) && entry.audit_id) || "";

// Names instances and resources only: the account stands beside it, and there is only one webhook.
function auditTarget(entry) {
  const { target } = entry;
  if (target.type === "instance") return [" ", h("code", {}, target.id)];
  return target.type === "resource" && [" ", h("a", { href: `${accountOf(entry)}/schedules` }, target.name)];
}

function linkOf(entry) {
  const { target } = entry;
  const test = testOf(entry);
  if (test) return { href: `${accountOf(entry)}/tests/${api.segment(test)}`, text: t.audit.seeTest };
  if (isAct(entry)) return { href: `${accountOf(entry)}/interactions`, text: t.audit.seeInteractions };
  if (target.type !== "operation") return null;
  return { href: `#/accounts?operation=${api.segment(target.id)}`, text: t.audit.seeOperation };
}

// The link may lead to a test or an operation that is no longer kept. That view says so.
function auditDetail(entry) {
  const link = linkOf(entry);
  const changed = entry.changes.filter(({ field, before, after }) => t.audit.fields[field] && before && after);
  const wordIn = (field, value) => (field === "status" ? wordOf(t.status, value) : value);
  const said = changed
    .map(({ field, before, after }) => `${t.audit.fields[field]}: ${wordIn(field, before)} → ${wordIn(field, after)}`)
    .join("; ");
  const detail = testOf(entry) ? "" : entry.detail || said;
  if (!link) return detail && h("span", { class: "muted small trail-detail" }, detail);
  return h(
    "span",
    { class: "small trail-detail" },
    detail && [h("span", { class: "muted" }, detail), " · "],
    entry.outcome && [t.outcome[entry.outcome] ?? wordOf(t.audit.outcomes, entry.outcome), " · "],
    h("a", { href: link.href, "data-part": "see" }, link.text),
  );
}

const RESULT_ICONS = { reached: "check", not_reached: "warning", pending: "clock", unknown: "question" };

// What became of an accepted start or stop, such as "then running". Empty where nothing is followed.
export function resultText({ action, result, state, state_reason: reason }) {
  if (!result) return "";
  const { reached, notReached, pending, unknown } = t.interactions.results;
  const wanted = t.interactions.wanted[action];
  if (result === "reached") return reached(state || wanted);
  if (result === "not_reached") return notReached(state, reason);
  if (result === "unknown") return unknown(wanted, reason);
  return result === "pending" ? pending(wanted) : `${result} ${reason ?? ""}`;
}

// The same, with its icon. Null where nothing is followed.
export function resultNote(entry, attributes) {
  const said = resultText(entry);
  return (
    said &&
    h(
      attributes.tag ?? "span",
      { class: `small followed followed-${entry.result} ${attributes.class}` },
      entry.result === "pending" ? spinner() : icon(RESULT_ICONS[entry.result] ?? "question"),
      h("span", {}, attributes.before, said),
    )
  );
}

function interactionRow(entry, before) {
  const good = entry.outcome === "accepted";
  const kind = !good ? "bad" : entry.result === "not_reached" ? "optional" : "good";
  if (before?.querySelector(".followed-pending") && entry.result !== "pending")
    announce(`${entry.instance_id}: ${resultText(entry)}`);
  return h(
    "li",
    { class: "trail-row" },
    h("span", { class: "trail-when" }, when(entry.at, { exact: true })),
    h(
      "span",
      { class: "trail-what" },
      h(
        "span",
        { class: `outcome step-${kind}` },
        h("span", { class: "step-mark" }, icon({ bad: "cross", optional: "warning", good: "check" }[kind])),
        h("strong", {}, wordOf(t.interactions.did, entry.action)),
      ),
      " ",
      entry.instance_id && h("code", {}, entry.instance_id),
      entry.region && [" ", h("span", { class: "tag" }, entry.region)],
      h(
        "span",
        { class: "muted small trail-detail" },
        // Nobody refuses a test that finds something wrong. The detail says what it found.
        entry.action !== "test" && [wordOf(t.interactions.outcomes, entry.outcome), " "],
        entry.detail,
      ),
      resultNote(entry, { class: "trail-detail" }),
    ),
    h(
      "span",
      { class: "muted trail-who" },
      wordOf(t.actors, entry.actor),
      h("span", { class: "small" }, t.interactions.logged[entry.logged] ?? ""),
    ),
  );
}
