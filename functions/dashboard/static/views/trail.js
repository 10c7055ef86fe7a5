// The audit trail of one account or all accounts, and interactions with instances.
import * as api from "../lib/api.js";
import { announce, fill, h, pause, whenVisible } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { pagedList, section, skeleton, spinner } from "../lib/ui.js";
import { t } from "./texts.js";
import { frame } from "./account.js";

// The customer's log line is written some seconds after the interaction. An instance is followed for
// ten minutes.
const LOOK_AGAIN_AFTER_MS = [2_000, 5_000, 10_000, 20_000, ...Array(24).fill(30_000)];

export function interactions(context) {
  return frame(context, "interactions", (body, handle) => {
    const path = `/v1/accounts/${api.segment(handle.id)}/interactions`;
    const onPage = (page) => {
      if (page.items.some(isPending)) lookAgain(body, path, context.signal);
    };
    fill(
      body,
      section(
        t.interactions.title,
        { note: t.interactions.text },
        trail(context, path, interactionRow, { none: t.interactions.none, onPage }),
      ),
    );
  });
}

const isPending = (entry) => entry.logged === "pending" || entry.result === "pending";

async function lookAgain(body, path, signal) {
  try {
    for (const wait of LOOK_AGAIN_AFTER_MS) {
      await pause(wait, signal);
      await whenVisible(signal);
      const { items } = await api.get(path, { query: { limit: 50 }, signal });
      for (const entry of items) {
        const row = body.querySelector(`[data-entry="${CSS.escape(entry.interaction_id)}"]`);
        if (!row || row.signature === JSON.stringify(entry)) continue;
        const followed = row.querySelector(".followed-pending") && resultText(entry);
        row.replaceWith(interactionRow(entry));
        if (followed) announce(`${entry.instance_id}: ${followed}`);
      }
      if (!items.some(isPending)) return;
    }
  } catch {
    // Keep what is shown. Opening the view again reads it again.
  }
}

export function accountAudit(context) {
  const path = `/v1/accounts/${api.segment(context.params.id)}`;
  // An entry names its test, but it was written when the test began. Its outcome is among the tests.
  const outcomes = api.get(`${path}/verifications`, { query: { limit: 100 }, signal: context.signal }).then(
    ({ items }) => new Map(items.map((test) => [test.verification_id, test.outcome ?? test.state])),
    () => new Map(),
  );
  const withOutcome = async (page) => {
    const known = await outcomes;
    return { ...page, items: page.items.map((entry) => ({ ...entry, outcome: known.get(testOf(entry)) })) };
  };
  const show = (body, onMissing) =>
    fill(
      body,
      section(
        t.audit.title,
        { note: t.audit.text },
        trail(context, `${path}/audit`, (entry) => auditRow(entry, false), {
          none: t.audit.none,
          onMissing,
          withOutcome,
        }),
      ),
    );
  // The audit trail outlives the account.
  return frame(context, "audit", (body) => show(body), {
    whenGone: (body) => show(body, () => h("p", {}, t.audit.none)),
  });
}

export function organizationAudit(context) {
  context.title(t.audit.title);
  fill(
    context.main,
    h("p", { class: "crumb" }, h("a", { href: "#/organization" }, icon("left"), t.organization.title)),
    h("div", { class: "page-head" }, h("h1", {}, t.audit.title)),
    section(
      t.audit.all,
      { note: t.audit.organizationText },
      trail(context, "/v1/audit", (entry) => auditRow(entry, true), { none: t.audit.none }),
    ),
  );
}

/**
 * @param {{signal: AbortSignal}} context
 * @param {string} path
 * @param {(entry: any) => Node} renderItem
 * @param {{none: string, onPage?: (page: any) => void, onMissing?: (problem: any) => any,
 *   withOutcome?: (page: any) => any}} options
 */
function trail({ signal }, path, renderItem, { none, onPage, onMissing, withOutcome = (page) => page }) {
  return pagedList({
    signal,
    list: h("ul", { class: "trail" }),
    empty: h("li", { class: "empty-line" }, none),
    placeholder: () => skeleton(5),
    onPage,
    onMissing,
    fetchPage: (cursor) => api.get(path, { query: { limit: 50, cursor }, signal }).then(withOutcome),
    renderItem,
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
      h("strong", {}, t.audit.actions[entry.action] ?? entry.action),
      withAccount && [" ", h("a", { href: `#/accounts/${api.segment(entry.account_id)}` }, entry.account_name)],
      auditDetail(entry),
    ),
    h("span", { class: "muted trail-who" }, t.actors[entry.actor] ?? entry.actor),
  );
}

const testOf = ({ action, detail }) => (action === "tested" && /^verification (\S+)$/.exec(detail ?? "")?.[1]) || "";

// A test that is kept no longer says so itself.
function auditDetail(entry) {
  const test = testOf(entry);
  if (!test) return entry.detail && h("span", { class: "muted small trail-detail" }, entry.detail);
  return h(
    "span",
    { class: "small trail-detail" },
    entry.outcome && [t.outcome[entry.outcome] ?? entry.outcome, " · "],
    h("a", { href: `#/accounts/${api.segment(entry.account_id)}/tests/${api.segment(test)}` }, t.audit.seeTest),
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
  return result === "pending" ? pending(wanted) : result === "unknown" ? unknown(wanted) : `${result} ${reason ?? ""}`;
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

function interactionRow(entry) {
  const good = entry.outcome === "accepted";
  const kind = !good ? "bad" : entry.result === "not_reached" ? "optional" : "good";
  const row = h(
    "li",
    { class: "trail-row", "data-entry": entry.interaction_id },
    h("span", { class: "trail-when" }, when(entry.at, { exact: true })),
    h(
      "span",
      { class: "trail-what" },
      h(
        "span",
        { class: `outcome step-${kind}` },
        h("span", { class: "step-mark" }, icon({ bad: "cross", optional: "warning", good: "check" }[kind])),
        h("strong", {}, t.interactions.did[entry.action] ?? entry.action),
      ),
      " ",
      entry.instance_id && h("code", {}, entry.instance_id),
      entry.region && [" ", h("span", { class: "tag" }, entry.region)],
      h(
        "span",
        { class: "muted small trail-detail" },
        t.interactions.outcomes[entry.outcome] ?? entry.outcome,
        " ",
        entry.detail,
      ),
      resultNote(entry, { class: "trail-detail" }),
    ),
    h(
      "span",
      { class: "muted trail-who" },
      t.actors[entry.actor] ?? entry.actor,
      h("span", { class: "small" }, t.interactions.logged[entry.logged] ?? ""),
    ),
  );
  row.signature = JSON.stringify(entry);
  return row;
}
