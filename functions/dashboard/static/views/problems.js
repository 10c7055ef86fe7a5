// Problems by cause: one card for each, with its remedy, what to copy, and all the accounts that have it.
import * as api from "../lib/api.js";
import { copyButton } from "../lib/copying.js";
import { begin, MOST_NAMED, selectionOf } from "../lib/bulk.js";
import { announce, fill, focusOn, h, keying, render } from "../lib/dom.js";
import { doubling } from "../lib/doubling.js";
import { fixOf } from "../lib/findings.js";
import { icon } from "../lib/icons.js";
import * as router from "../lib/router.js";
import * as session from "../lib/session.js";
import { inOrderOf, joined } from "../lib/shared-problems.js";
import { drawer } from "../lib/slices.js";
import * as store from "../lib/store.js";
import { button, freshnessMark, skeleton, submitting } from "../lib/ui.js";
import { t } from "./texts.js";

// How many accounts of a problem are named at first, and how many more with each press.
const NAMED_FIRST = 5;
const NAMED_MORE = 100;
// A card has some sixty nodes, and its problem may be one of ten thousand accounts.
const CARDS_A_STEP = 1;

/**
 * What this session has seen, for who comes back: the answers, when they were read, how far the page was scrolled, how
 * many accounts of a cause are named, and which ones a test was begun for.
 * @type {{answers?: any[], readAt: number, scroll: number, named: Map<string, number>,
 *   begun: Map<string, Set<string>>}}
 */
let seen = nothing();
session.onChange(() => (seen = nothing()));

export function problems(context) {
  const { main, title, signal } = context;
  const before = seen;
  title(t.sharedProblems.title);
  const place = h("div", {});
  const [summary, list, empty] = [h("p", { class: "lead" }), h("ul", { class: "causes" }), h("div", {})];
  const content = h("div", {}, summary, list, empty);
  const drawCards = drawer(list, signal);
  /** What is shown, and what was found last. That waits for a press, so that nothing moves under a reader. */
  let [shown, newest] = [joined([]), joined([])];
  let looked = 0;
  const showNewer = () => {
    show(newest);
    drawNews();
    focusOn(list.firstElementChild ?? empty);
  };
  const newer = button(t.account.newer.text, { class: "button-small newer", hidden: true, onclick: showNewer });
  const show = (found) => {
    shown = found;
    render(summary, summaryOf(found), (text) => text);
    const cards = keying(
      list,
      found.items,
      ({ cause }) => cause,
      (problem) => card(problem, before),
      CARDS_A_STEP,
    );
    drawCards(cards).then((hasEnded) => hasEnded && arrive());
    list.hidden = !found.items.length;
    render(empty, found.isAll && !found.items.length, (isEmpty) => isEmpty && none());
  };
  // How many accounts have a cause by now is said at once, in room that is there.
  const drawNews = () => {
    // Another order alone is nothing newer.
    const isNewer = JSON.stringify(shown) !== JSON.stringify(inOrderOf(shown, newest));
    if (isNewer && newer.hidden) announce(t.account.newer.said);
    newer.hidden = !isNewer;
    const counts = (found) => new Map(found.items.map(({ cause, accounts }) => [cause, accounts.length]));
    const [were, are] = [counts(shown), counts(newest)];
    for (const node of /** @type {any} */ (list.children)) {
      const { key } = node.dataset;
      node.querySelector("[data-count]").textContent = t.sharedProblems.accounts(were.get(key), are.get(key) ?? 0);
    }
  };
  const draw = (answers) => {
    newest = joined(answers, store.isGone);
    // Whoever looks at more accounts waits for them.
    if (answers.length > looked || !shown.items.length) show(inOrderOf(shown, newest));
    looked = Math.max(looked, answers.length);
    drawNews();
    return content;
  };
  // Who comes back finds the place where the page was. What scrolls until then is no reader.
  context.keepsScroll = Boolean(before.answers);
  let arrive = () => {
    arrive = () => {};
    if (context.keepsScroll) scrollTo(0, before.scroll);
    addEventListener("scroll", () => (before.scroll = scrollY), { passive: true, signal });
  };
  const ask = (cursor, until) => api.get("/v1/problems", { query: { cursor }, signal: until });
  const part = doubling(place, ask, draw, {
    signal,
    kept: before,
    text: t.sharedProblems.lookAtMore,
    count: (answers) => joined(answers).accountsRead,
    said: () => summary.textContent ?? "",
    placeholder: () => skeleton(8, "card"),
  });
  content.append(part.more);
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
      newer,
    ),
    place,
  );
}

function nothing() {
  return { readAt: 0, scroll: 0, named: new Map(), begun: new Map(), form: { title: "" } };
}

function summaryOf({ items, accountsRead, isAll }) {
  if (!items.length) return isAll ? "" : t.sharedProblems.noneSoFar;
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

function card(problem, before) {
  const { cause, code, message, remedy, fix, differing = [], accounts } = problem;
  const isCopied = fix?.policy_statement || fix?.cli || fix?.terraform;
  const own = Object.keys(t.sharedProblems.parts).filter((name) => differing.includes(name));
  // A test would take revoked accounts into use again. Who wants that does it one by one.
  const isTestable = accounts.length > 1 && code !== "revoked" && session.current()?.canChange;
  return h(
    "li",
    { class: "card cause", "data-item": cause },
    h("h2", {}, message),
    h(
      "p",
      { class: "issue-severity" },
      icon("warning"),
      h("span", { "data-count": "" }, t.sharedProblems.accounts(accounts.length)),
    ),
    remedy && h("p", {}, h("strong", {}, `${t.account.remedy} `), remedy),
    accounts.length > 1 && isCopied && h("p", {}, t.sharedProblems.inEach(accounts.length)),
    fix && fixOf(fix, before.form),
    own.length > 0 &&
      h("p", { class: "muted" }, t.sharedProblems.differ(own.map((name) => t.sharedProblems.parts[name]))),
    accounts.length > 1 &&
      h("div", { class: "code-actions" }, isTestable && testAll(cause, accounts, before.begun), copyNumbers(accounts)),
    accountList(problem, before.named),
  );
}

// How far the tests are is shown with the list, which leads to each. Of more accounts than an operation takes by their
// names, each press tests the next ones.
const testAll = (cause, accounts, begun) => {
  const all = accounts.map(({ account_id: id }) => id);
  const done = all.length > MOST_NAMED ? (begun.get(cause) ?? new Set()) : new Set();
  const left = all.filter((id) => !done.has(id));
  const isNext = left.length > 0 && left.length < all.length;
  const ids = new Set((isNext ? left : all).slice(0, MOST_NAMED));
  const onclick = (event) =>
    submitting(event.currentTarget, async () => {
      const here = router.whileHere();
      const { operation_id: id } = await begin({ action: "test", selection: selectionOf({ ids, isAll: false }, {}) });
      begun.set(cause, new Set(isNext ? [...done, ...ids] : ids));
      store.showOperation(id);
      here(() => router.go("#/accounts"));
    });
  const text = t.sharedProblems.testAll(ids.size, all.length, isNext);
  return button(text, { class: "button-small", "data-part": "test", onclick }, "test");
};

// For a script, or for who mends them. The list has no filter for a cause.
function copyNumbers(accounts) {
  const text = t.sharedProblems.copyNumbers(accounts.length);
  return copyButton(() => accounts.map(({ provider_id: number }) => number).join("\n"), text, {
    text,
    part: "numbers",
  });
}

// The links are made as they are asked for: a cause may have thousands.
function accountList({ cause, code, accounts }, named) {
  const list = h("ul", { class: "affected" });
  const more = h("div", {});
  const draw = () => {
    const wanted = Math.min(named.get(cause) ?? NAMED_FIRST, accounts.length);
    list.append(...accounts.slice(list.children.length, wanted).map((account) => accountLink(account, code)));
    const left = accounts.length - wanted;
    const next = Math.min(left, NAMED_MORE);
    render(
      more,
      [next, left],
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

// What deploys a role is of its account, so a card has no more of it than "as the Instructions show".
const accountLink = ({ account_id: id, name, provider_id: number }, code) =>
  h(
    "li",
    {},
    h("a", { href: `#/accounts/${api.segment(id)}${code === "role_not_assumable" ? "/instructions" : ""}` }, name),
    " ",
    h("span", { class: "mono muted small" }, number),
  );
