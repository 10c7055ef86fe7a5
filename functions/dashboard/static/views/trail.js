// Who did what: the audit trail, of one account or of all, and the interactions with instances.
import * as api from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { pagedList, section, skeleton } from "../lib/ui.js";
import { t } from "../texts.js";
import { frame, notYet } from "./account.js";

export function interactions(context) {
  return frame(context, "interactions", (body, handle) => {
    fill(body, section(t.interactions.title, { note: t.interactions.text },
      trail(context, `/v1/accounts/${api.segment(handle.id)}/interactions`, interactionRow, t.interactions.none)));
  });
}

export function accountAudit(context) {
  return frame(context, "audit", (body, handle) => {
    fill(body, section(t.audit.title, { note: t.audit.text },
      trail(context, `/v1/accounts/${api.segment(handle.id)}/audit`, (entry) => auditRow(entry, false), t.audit.none)));
  });
}

export function organizationAudit(context) {
  context.title(t.audit.title);
  fill(context.main,
    h("p", { class: "crumb" }, h("a", { href: "#/organization" }, icon("left"), t.organization.title)),
    h("div", { class: "page-head" }, h("h1", {}, t.audit.title)),
    section(t.audit.all, { note: t.audit.organizationText }, trail(context, "/v1/audit", (entry) => auditRow(entry, true), t.audit.none)));
}

function trail({ signal }, path, renderItem, none) {
  return pagedList({
    signal,
    list: h("ul", { class: "trail" }),
    empty: h("li", { class: "empty-line" }, none),
    placeholder: () => skeleton(5),
    onMissing: notYet,
    fetchPage: (cursor) => api.get(path, { query: { limit: 50, cursor }, signal }),
    renderItem,
  });
}

const actorOf = (actor) => (typeof actor === "object" && actor !== null ? actor.email ?? actor.name ?? actor.id ?? actor.type : actor) ?? "";

function auditRow(entry, withAccount) {
  const detail = entry.detail ?? entry.changes;
  return h("li", { class: "trail-row" },
    h("span", { class: "trail-when" }, when(entry.at, { exact: true })),
    h("span", { class: "trail-what" },
      h("strong", {}, t.audit.actions[entry.action] ?? entry.action),
      withAccount && entry.account_id && [" ", h("a", { href: `#/accounts/${api.segment(entry.account_id)}` }, entry.account_name ?? entry.account_id)],
      detail && h("span", { class: "muted small trail-detail" }, typeof detail === "string" ? detail : JSON.stringify(detail))),
    h("span", { class: "muted trail-who" }, t.actors[actorOf(entry.actor)] ?? actorOf(entry.actor)));
}

function interactionRow(entry) {
  const good = entry.outcome === "accepted";
  return h("li", { class: "trail-row" },
    h("span", { class: "trail-when" }, when(entry.at, { exact: true })),
    h("span", { class: "trail-what" },
      h("span", { class: `outcome ${good ? "step-good" : "step-bad"}` }, h("span", { class: "step-mark" }, icon(good ? "check" : "cross")), h("strong", {}, t.interactions.outcomes[entry.outcome] ?? entry.outcome)),
      " ", t.interactions.actions[entry.action] ?? entry.action, " ", entry.instance_id && h("code", {}, entry.instance_id), entry.region && h("span", { class: "tag" }, entry.region),
      entry.detail && h("span", { class: "muted small trail-detail" }, entry.detail)),
    h("span", { class: "muted trail-who" }, t.actors[entry.actor] ?? entry.actor, h("span", { class: "small" }, t.interactions.logged[entry.logged] ?? "")));
}
