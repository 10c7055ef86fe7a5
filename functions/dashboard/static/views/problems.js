// Problems by cause: one card for each, with its remedy, what to copy, and all the accounts that have it.
import * as api from "../lib/api.js";
import { begin, MOST_NAMED, selectionOf } from "../lib/bulk.js";
import { fill, h, keyed, render } from "../lib/dom.js";
import { doubling } from "../lib/doubling.js";
import { fixOf } from "../lib/findings.js";
import { icon } from "../lib/icons.js";
import * as router from "../lib/router.js";
import * as session from "../lib/session.js";
import { joined } from "../lib/shared-problems.js";
import * as store from "../lib/store.js";
import { button, freshnessMark, skeleton, submitting } from "../lib/ui.js";
import { t } from "./texts.js";

// How many accounts of a problem are named at first, and how many more with each press.
const NAMED_FIRST = 5;
const NAMED_MORE = 100;

export function problems({ main, title, signal }) {
  title(t.sharedProblems.title);
  const place = h("div", {});
  const [summary, list, empty] = [h("p", { class: "lead" }), h("ul", { class: "causes" }), h("div", {})];
  /** How many accounts of a cause are named. @type {Map<string, number>} */
  const named = new Map();
  const draw = (answers) => {
    const found = joined(answers);
    render(summary, summaryOf(found), (text) => text);
    keyed(
      list,
      found.items,
      ({ cause }) => cause,
      (problem) => card(problem, named),
    );
    list.hidden = !found.items.length;
    render(empty, found.isAll && !found.items.length, (isEmpty) => isEmpty && none());
    return content;
  };
  const ask = (cursor) => api.get("/v1/problems", { query: { cursor }, signal });
  const part = doubling(place, ask, draw, {
    signal,
    text: t.sharedProblems.lookAtMore,
    said: () => summary.textContent ?? "",
    placeholder: () => skeleton(8, "card"),
  });
  const content = h("div", {}, summary, list, empty, part.more);
  fill(
    main,
    h(
      "div",
      { class: "page-head" },
      h(
        "div",
        { class: "head-title" },
        h("h1", {}, t.sharedProblems.title),
        freshnessMark(part.readAt, signal, part.lateAfter),
      ),
    ),
    place,
  );
}

function summaryOf({ items, accountsRead, isAll }) {
  if (!accountsRead) return isAll ? "" : t.sharedProblems.noneSoFar;
  const of = isAll ? t.sharedProblems.inAll(accountsRead) : t.sharedProblems.inFirst(accountsRead);
  return `${t.sharedProblems.causes(items.length)} ${of}`;
}

const none = () =>
  h(
    "div",
    { class: "empty card" },
    icon("check"),
    h("h2", {}, t.sharedProblems.none),
    h("p", {}, t.sharedProblems.noneText),
    h("p", {}, h("a", { href: "#/accounts" }, t.nav.accounts)),
  );

function card(problem, named) {
  const { cause, code, message, remedy, fix, accounts } = problem;
  // A test would take revoked accounts into use again. Who wants that does it one by one.
  const isTestable = accounts.length > 1 && code !== "revoked" && session.current()?.canChange;
  return h(
    "li",
    { class: "card cause", "data-item": cause },
    h("h2", {}, message),
    h("p", { class: "issue-severity" }, icon("warning"), t.sharedProblems.accounts(accounts.length)),
    remedy && h("p", {}, h("strong", {}, `${t.account.remedy} `), remedy),
    fix && fixOf(fix),
    accounts.length > 1 && !fix?.policy_statement && !fix?.cli && h("p", { class: "muted" }, t.sharedProblems.ownFixes),
    isTestable && testAll(accounts),
    accountList(cause, accounts, named),
  );
}

// How far the tests are is shown with the list, which leads to each.
const testAll = (accounts) => {
  const ids = new Set(accounts.slice(0, MOST_NAMED).map(({ account_id: id }) => id));
  const onclick = (event) =>
    submitting(event.currentTarget, async () => {
      const here = router.whileHere();
      const { operation_id: id } = await begin({ action: "test", selection: selectionOf({ ids, isAll: false }, {}) });
      store.showOperation(id);
      here(() => router.go("#/accounts"));
    });
  const text = t.sharedProblems.testAll(ids.size, accounts.length);
  return h("p", {}, button(text, { class: "button-small", onclick }, "test"));
};

// The links are made as they are asked for: a cause may have thousands.
function accountList(cause, accounts, named) {
  const list = h("ul", { class: "affected" });
  const more = h("div", {});
  const draw = () => {
    const wanted = Math.min(named.get(cause) ?? NAMED_FIRST, accounts.length);
    list.append(...accounts.slice(list.children.length, wanted).map(accountLink));
    const left = accounts.length - wanted;
    const next = Math.min(left, NAMED_MORE);
    render(
      more,
      next,
      () => next > 0 && button(t.sharedProblems.showMore(next, left), { "data-part": "named", onclick }),
    );
  };
  const onclick = () => {
    const before = list.children.length;
    named.set(cause, before + NAMED_MORE);
    draw();
    list.children[before].querySelector("a")?.focus();
  };
  draw();
  return h("div", {}, list, more);
}

const accountLink = ({ account_id: id, name, provider_id: number }) =>
  h(
    "li",
    {},
    h("a", { href: `#/accounts/${api.segment(id)}` }, name),
    " ",
    h("span", { class: "mono muted small" }, number),
  );
