// Goes to any account, view or action by its name: a combobox with a list, as the ARIA Authoring Practices describe it.
// The focus stays in the field, and the keys choose in the list.
import * as api from "../lib/api.js";
import { announce, fill, h, later, uniqueId } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { fitting, moved, ofAccounts } from "../lib/jumping.js";
import { dialog } from "../lib/modal.js";
import * as router from "../lib/router.js";
import * as session from "../lib/session.js";
import * as store from "../lib/store.js";
import { startTest } from "../lib/testing.js";
import { isRevoked, reasonOf, spinner, STATUS_ICONS, statusBadge, submitting, toast } from "../lib/ui.js";
import {
  confirmRemoval,
  confirmRevoke,
  reach,
  rename,
  rotate,
  shownAccount,
  switchLogs,
  TABS,
  tabAddress,
} from "./account.js";
import { exporting } from "./choices.js";
import { inviteDialog } from "./invite.js";
import { t } from "./texts.js";

const GROUPS = ["account", "views", "actions", "accounts"];
// The buttons that views have, beside those that are choices of their own.
const HAS = {
  "#/accounts": [t.list.chooseColumns, t.list.sortAndFilter, t.jump.several],
  "#/schedules": [t.jump.tonight],
  "#/problems": [t.sharedProblems.lookAtMore, t.jump.ofCause],
  "#/access-details": [t.access.choose],
  "#/enrollments": [t.enrollments.synchronize, t.enrollments.end],
  "#/organization": [
    ...[t.webhook.add, t.webhook.test, t.webhook.rotate, t.webhook.remove, t.webhook.resume, t.webhook.deliveries],
    ...[t.webhook.redeliver, t.organization.quotas, t.organization.usageByMonth],
  ],
};
const TABS_HAVE = {
  instructions: [t.instructions.lookAgain, t.invite.withdraw],
  instances: [t.instances.start, t.instances.stop, t.instances.refresh, t.schedules.schedule, t.several.action],
  schedules: [t.schedules.change, t.schedules.remove, t.several.action],
  privilege: [t.privilege.again],
  connect: [t.connect.add],
};
// Of the account that is shown, these are choices of their own.
const OVERVIEW_HAS = [t.actions.rename, t.jump.edit, t.account.rotate, t.revoke.action, t.account.remove];
const VIEWS = [...TABS, "connect"].map((tab) => ({
  ...{ tab, text: t.account.tabs[tab] },
  has: tab === "overview" ? OVERVIEW_HAS : TABS_HAVE[tab],
}));
const TYPING_MS = 200;
const MOST_ACCOUNTS = 8;
// A page of the API may be empty although others follow. After these, the list goes on, which is said.
const MOST_PAGES = 3;

/**
 * Opens it. `views`: those of the sidebar.
 * @param {{views: {href: string, icon: string, text: string}[],
 *   themes: {name: string, choose: () => void}[]}} of
 */
export function jump({ views, themes }) {
  const closed = new AbortController();
  const [ofIt, further, acts] = [ofShown(shownAccount()), ofViews([...views, ...furtherViews()]), actions(themes)];
  /** The AWS Organizations, or why they are not known. @type {{views: any[], says: string}} */
  const organizations = { views: [], says: "" };
  const [listId, helpId] = [uniqueId("choices"), uniqueId("keys")];
  /** The targets that are listed, and which is chosen. @type {{shown: any[], at: number}} */
  const state = { shown: [], at: 0 };
  /** What the search has found for what is typed. @type {{accounts: any[], says: any}} */
  let found = { accounts: [], says: null };
  let search = new AbortController();
  let hasMoved = false;
  /** @type {(() => void) | undefined} */
  let typing;

  const input = /** @type {HTMLInputElement} */ (
    h("input", {
      type: "text",
      class: "input",
      role: "combobox",
      "aria-label": t.jump.label,
      "aria-controls": listId,
      "aria-expanded": "true",
      "aria-autocomplete": "list",
      "aria-describedby": helpId,
      placeholder: t.jump.hint,
      maxlength: "64",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      oninput: () => changed(),
      onkeydown: (event) => pressed(event),
    })
  );
  const list = h("div", { class: "jump-list", id: listId, role: "listbox", "aria-label": t.jump.options });
  const status = h("p", { class: "jump-status muted small" });

  const { close } = dialog({
    title: t.jump.title,
    content: () => [input, list, status, h("p", { class: "muted small", id: helpId }, t.jump.keys)],
    onClose: () => closed.abort(),
  });

  // It closes first: what is chosen may open a modal or leave the view. The event of closing comes too late to keep a
  // second choice out.
  const choose = (target) => {
    if (closed.signal.aborted) return;
    closed.abort();
    close();
    target.go();
  };
  const pressed = (event) => {
    if (event.isComposing) return;
    // A key that is still held has opened it.
    if (event.key === "Enter" && !event.repeat && state.shown[state.at]) {
      event.preventDefault();
      choose(state.shown[state.at]);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      hasMoved = true;
      mark(moved(event.key, state.at, state.shown.length));
    }
  };
  const mark = (at) => {
    state.at = at;
    const options = [...list.querySelectorAll("[role=option]")];
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    if (options[at]) input.setAttribute("aria-activedescendant", options[at].id);
    else input.removeAttribute("aria-activedescendant");
    options[at]?.scrollIntoView({ block: "nearest" });
  };
  const draw = () => {
    const q = input.value.trim();
    // What is marked stays so, or Enter would choose another. The search stands for what it has not found yet.
    const { key: marked } = state.shown[state.at] ?? {};
    const chosen = hasMoved || marked !== "search" ? marked : null;
    const all = session.current() && q ? [searchAll(q)] : [];
    // As long as nothing is typed they would only be in the way.
    const statuses = session.current() && q ? withStatus() : [];
    const ofOthers = [...further, ...organizations.views, ...statuses];
    const groups = [ofIt, ofOthers, acts].flatMap((targets) => fitting(targets, q));
    const isNew = ({ key }) => !groups.some((target) => target.key === key);
    state.shown = [...groups, ...found.accounts.filter(isNew), ...all];
    const index = state.shown.findIndex(({ key }) => key === chosen);
    fill(
      list,
      GROUPS.map((group) => {
        const targets = state.shown.filter((target) => target.group === group);
        const heading = uniqueId("group");
        return (
          targets.length > 0 &&
          h(
            "div",
            { role: "group", "aria-labelledby": heading },
            h("p", { class: "jump-group", id: heading, role: "presentation" }, t.jump.groups[group]),
            targets.map((target) => optionOf(target, choose)),
          )
        );
      }),
    );
    fill(status, found.says ?? (organizations.says || (state.shown.length ? "" : t.jump.none)));
    input.setAttribute("aria-expanded", String(state.shown.length > 0));
    const best = state.shown.findIndex(({ by, key }) => !by && key !== "search");
    mark([index, best].find((at) => at >= 0) ?? Math.min(0, state.shown.length - 1));
  };
  // Accounts of an earlier text go at once.
  const changed = () => {
    typing?.();
    search.abort();
    search = new AbortController();
    hasMoved = false;
    state.shown = [];
    const named = ofAccounts(input.value, VIEWS);
    found = { accounts: [], says: null };
    if (!named.q || !session.current()) return draw();
    found.says = [spinner(), " ", t.jump.searching];
    draw();
    typing = later(TYPING_MS, () => look(named, AbortSignal.any([search.signal, closed.signal])), closed.signal);
  };
  // One search, and another one for each part of the text that may name an account beside a view.
  const look = async ({ q, parts }, signal) => {
    const texts = [q, ...parts.map(({ rest }) => rest)];
    try {
      const [all, ...some] = await Promise.all(texts.map((text) => accountsFor(text, signal)));
      const ofSome = some.flatMap(({ items }, at) =>
        items.flatMap((item) => viewsOf(item, "accounts", parts[at].views)),
      );
      const more = some.map(({ goesOn }, at) => goesOn && t.jump.more(parts[at].rest));
      const says = [!all.isEnough && t.jump.notAll, ...more].filter(Boolean).join(" ");
      // Of "test tests" either part may find the same.
      const accounts = [...new Map([...all.items.map(ofFound), ...ofSome].map((each) => [each.key, each])).values()];
      found = { accounts, says: says || null };
    } catch (problem) {
      if (signal.aborted) return;
      found = { accounts: [], says: t.jump.failed(reasonOf(problem)) };
    }
    if (signal.aborted) return;
    draw();
    announce(found.says ?? t.jump.found(state.shown.length));
  };
  const readOrganizations = async () => {
    try {
      const { items } = await api.get("/v1/enrollments", { signal: closed.signal });
      organizations.views = ofViews(items.map(viewOf));
    } catch (problem) {
      if (closed.signal.aborted) return;
      organizations.says = t.jump.noOrganizations(reasonOf(problem));
    }
    if (!closed.signal.aborted) draw();
  };
  draw();
  if (session.current()?.organization) readOrganizations();
}

const viewOf = ({ enrollment_id: id, name: text }) => ({
  href: `#/enrollments/${api.segment(id)}`,
  icon: "building",
  text,
  has: [t.enrollments.synchronize, t.enrollments.enterAccount, t.actions.change, t.enrollments.end],
});

function optionOf(target, choose) {
  return h(
    "div",
    {
      role: "option",
      class: "jump-option",
      id: uniqueId("choice"),
      "aria-selected": "false",
      // The focus stays in the field.
      onmousedown: (event) => event.preventDefault(),
      onclick: () => choose(target),
    },
    // Of accounts and their tabs, so that all texts begin in one line.
    icon(target.icon ?? "cloud"),
    h("span", { class: "jump-text" }, target.text),
    target.by && h("span", { class: "muted small" }, target.by),
    target.note && h("span", { class: "mono muted small" }, target.note),
    target.status && statusBadge(target.status),
  );
}

async function accountsFor(q, signal) {
  const items = [];
  let cursor = null;
  for (let page = 0; page < MOST_PAGES && items.length < MOST_ACCOUNTS; page += 1) {
    const answer = await api.get("/v1/accounts", { query: { q, cursor, limit: MOST_ACCOUNTS }, signal });
    items.push(...answer.items);
    cursor = answer.next_cursor;
    if (!cursor) break;
  }
  // The list below has all that fit what was typed, so eight of them are enough.
  const goesOn = Boolean(cursor) || items.length > MOST_ACCOUNTS;
  return { items: items.slice(0, MOST_ACCOUNTS), goesOn, isEnough: !goesOn || items.length >= MOST_ACCOUNTS };
}

const goes = (href) => () => router.go(href);

const ofFound = ({ account_id: id, name, provider_id: note, status }) => ({
  ...{ key: `account ${id}`, group: "accounts", text: name, note, status },
  go: goes(`#/accounts/${api.segment(id)}`),
});

/** @returns {any[]} */
const viewsOf = ({ account_id: id, name, provider_id: note = "" }, group, /** @type {any[]} */ views = VIEWS) =>
  views.map(({ tab, text, by }) => {
    const href = tabAddress(id, tab);
    return { key: href, group, text: t.jump.ofAccount(text, name), note, by, has: TABS_HAVE[tab], go: goes(href) };
  });

const searchAll = (q) => ({
  ...{ key: "search", group: "accounts", icon: "search", text: t.jump.searchAll(q) },
  go: goes(`#/accounts?${new URLSearchParams({ q })}`),
});

const ofViews = (views) =>
  views.map(({ href, icon: name, text, has = HAS[href] }) => ({
    ...{ key: href, group: "views", icon: name, text, has },
    go: goes(href),
  }));

// The list of those with a status.
const withStatus = () =>
  ofViews(
    Object.entries(STATUS_ICONS).map(([status, name]) => ({
      ...{ href: `#/accounts?status=${status}`, icon: name, text: t.jump.withStatus(t.status[status]) },
    })),
  );

// Those that need a session and are not in the sidebar.
const furtherViews = () =>
  session.current() ? [{ href: "#/organization/audit", icon: "list", text: t.jump.audit }] : [];

/** The test of the account that is shown, its views, and what else its views do. */
function ofShown(handle) {
  const account = handle?.account();
  if (!account) return [];
  const { account_id: id, name, write_logs: logs, role_arn: role } = account;
  const group = "account";
  // It has no button of its own to mark as busy.
  const act = (key, mark, does, ...has) => ({
    ...{ key, group, icon: mark, text: t.jump.acts[key](name), has },
    go: () => mayChange(() => does(document.createElement("button"))),
  });
  const acts = [
    act("invite", "external", () => inviteDialog(id)),
    act(logs ? "logsOff" : "logsOn", "list", (node) => submitting(node, () => switchLogs(handle))),
    act("rename", "list", () => rename(handle)),
    act(role ? "role" : "regions", "list", () => reach(handle), t.jump.edit),
    account.access_type === "access_key" && act("rotate", "key", () => rotate(handle), t.account.rotate),
    !isRevoked(account) && act("revoke", "lock", () => confirmRevoke(handle), t.revoke.action),
    act("delete", "cross", () => confirmRemoval(handle), t.account.remove),
  ];
  return [
    act("test", "test", (node) => startTest(account, node), t.account.test, t.instructions.testNow, t.tests.again),
    ...viewsOf({ account_id: id, name }, group),
    ...acts.filter(Boolean),
  ];
}

function actions(themes) {
  const group = "actions";
  const add = [
    {
      ...{ key: "new", group, icon: "plus", text: t.jump.addAccount, has: [t.list.newAccount] },
      go: () => mayChange(goes("#/accounts/new")),
    },
    { key: "many", group, icon: "list", text: t.jump.addMany, go: goes("#/accounts/many") },
    {
      ...{ key: "enroll", group, icon: "building", text: t.enrollments.add },
      go: () => mayChange(goes("#/enrollments/new")),
    },
  ];
  const file = { key: "export", group, icon: "download", text: t.jump.export, go: exportAll };
  const out = { key: "out", group, icon: "signout", text: t.signIn.signOut, go: session.signOut };
  return [
    ...withChosen(group),
    ...(session.current() ? add : []),
    ...themes.map(({ name, choose }) => ({
      ...{ key: `theme ${name}`, group, icon: "sun", text: t.jump.theme(name) },
      go: choose,
    })),
    ...(session.current() ? [file, out] : []),
  ];
}

// How far it is stands in a modal, which ends it when it is closed.
function exportAll() {
  const closed = new AbortController();
  const file = exporting(() => ({ selection: {}, total: store.numbers()?.total }), closed.signal, closed.signal);
  dialog({ title: t.jump.export, content: () => file, onClose: () => closed.abort() });
  file.querySelector("button")?.click();
}

// The bar of the accounts that are chosen in the list, while it is there.
function withChosen(group) {
  const bar = /** @type {HTMLElement | null} */ (document.querySelector(".bulk-chosen"));
  /** @returns {HTMLElement | null | undefined} */
  const first = () => bar?.querySelector(".bulk-actions button");
  if (!first() || bar?.hidden) return [];
  return [{ key: "chosen", group, icon: "check", text: t.bulk.title, go: () => first()?.focus() }];
}

// Viewers are told why it does nothing.
const mayChange = (act) => (session.current()?.canChange ? act() : toast(t.viewer.why, "warning"));
