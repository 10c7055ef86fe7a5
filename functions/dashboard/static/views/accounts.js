// The list of accounts. Only visible rows are in the document, and pages are fetched while the reader
// scrolls, so 10,000 accounts open as fast as ten.
import * as api from "../lib/api.js";
import { announce, fill, h, srOnly, whileLookedAt } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import * as router from "../lib/router.js";
import * as session from "../lib/session.js";
import { startTest } from "../lib/testing.js";
import { capabilityChips, changeButton, errorPanel, notice, spinner, statusBadge, toast } from "../lib/ui.js";
import { t } from "../texts.js";

const PAGE_SIZE = 100;
const FIRST_PAGE_SIZE = 50;
const OVERSCAN = 8;
const FETCH_AHEAD_ROWS = 60;
const WATCH_EVERY_MS = 2_000;
const REFRESH_EVERY_MS = 30_000;
const STATUSES = ["confirmed", "degraded", "failed", "unconfirmed"];

// Kept between visits, so that returning from an account shows the list at the same position.
let kept = null;
let added = null;

export function forget() {
  kept = null;
  added = null;
}

function accountAdded(account) {
  added = account;
  kept.counts = null;
  const at = kept.items.findIndex((item) => item.name.toLowerCase() > account.name.toLowerCase());
  if (at >= 0) kept.items.splice(at, 0, account);
  else if (!kept.cursor) kept.items.push(account);
}

export function accountChanged(account) {
  const at = kept?.items.findIndex((item) => item.account_id === account.account_id) ?? -1;
  if (at >= 0) kept.items[at] = account;
}

export function accountDeleted(accountId) {
  if (added?.account_id === accountId) added = null;
  if (!kept) return;
  kept.items = kept.items.filter((item) => item.account_id !== accountId);
  kept.counts = null;
}

export function list(context) {
  const { main, query, path, signal } = context;
  context.title(t.list.title);
  const q = query.get("q") ?? "";
  const status = STATUSES.includes(query.get("status")) ? query.get("status") : "";
  const returning = kept && kept.q === q && kept.status === status;
  if (!returning) kept = { q, status, items: [], pages: [], cursor: null, started: false, ended: false, counts: null, scroll: 0 };
  context.keepsScroll = true;

  const view = new ListView(main, signal);
  view.draw();
  if (returning && kept.started) {
    window.scrollTo(0, kept.scroll);
    view.refresh();
  } else {
    window.scrollTo(0, 0);
    view.more();
  }
  view.counts();
  view.keepTrue();
  if (path === "/accounts/new") view.openNew();
}

class ListView {
  constructor(main, signal) {
    this.main = main;
    this.signal = signal;
    this.rows = new Map();
    this.fetching = null;
    this.height = 0;
  }

  draw() {
    const who = session.current();
    this.search = h("input", {
      type: "search", class: "input", id: "search", value: kept.q, placeholder: t.list.searchHint, autocomplete: "off", spellcheck: "false",
      oninput: () => { clearTimeout(this.typing); this.typing = setTimeout(() => this.filter({ q: this.search.value.trim() }), 200); },
    });
    this.filters = h("fieldset", { class: "filters" });
    this.drawFilters();
    this.notices = h("div", { class: "list-notices" },
      !who.canChange && notice("info", h("p", {}, t.viewer.banner)),
      added && notice("success", h("p", {}, t.list.added(added.name), " ",
        t.list.nextStep[added.access_type], " ", h("a", { href: `#/accounts/${added.account_id}/instructions` }, t.list.instructions))));
    added = null;
    this.body = h("div", { class: "rows", role: "rowgroup" });
    this.table = h(
      "div",
      { class: "account-table", role: "table", "aria-label": t.list.title, "aria-colcount": String(t.list.columns.length) },
      h("div", { role: "rowgroup", class: "table-head" },
        h("div", { role: "row", class: "account-row head" }, t.list.columns.map((column, index) =>
          h("div", { role: "columnheader", class: `cell cell-${t.list.cells[index]}` }, column)))),
      this.body,
    );
    this.foot = h("div", { class: "list-foot" });
    fill(this.main,
      h("div", { class: "page-head" },
        h("h1", {}, t.list.title),
        changeButton(session, t.list.newAccount, { class: "button-primary", onclick: () => this.openNew() }, "plus")),
      this.notices,
      h("div", { class: "toolbar" },
        h("div", { class: "search" }, h("label", { for: "search", class: "sr-only" }, t.list.search), icon("search"), this.search),
        this.filters),
      this.table,
      this.foot);
    const onscroll = () => {
      kept.scroll = window.scrollY;
      if (this.waiting) return;
      this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.window(); });
    };
    const onresize = () => { this.height = 0; onscroll(); };
    window.addEventListener("scroll", onscroll, { passive: true, signal: this.signal });
    window.addEventListener("resize", onresize, { passive: true, signal: this.signal });
    this.window();
  }

  drawFilters() {
    const counts = kept.counts;
    const entry = (value, text, count) => h("label", { class: "filter" },
      h("input", { type: "radio", name: "status", class: "sr-only", value, checked: kept.status === value, onchange: () => this.filter({ status: value }) }),
      h("span", { class: `filter-face ${value ? `status-${value}` : ""}` },
        value && h("span", { class: "status-mark" }, icon({ confirmed: "check", degraded: "warning", failed: "cross", unconfirmed: "question" }[value])),
        text, h("span", { class: "count" }, count === undefined ? "" : String(count))));
    fill(this.filters,
      h("legend", { class: "sr-only" }, t.list.filter),
      entry("", t.list.all, counts?.total),
      STATUSES.map((status) => entry(status, t.status[status], counts && (counts.by_status?.[status] ?? 0))));
  }

  filter(change) {
    if (Object.entries(change).every(([name, value]) => kept[name] === value)) return;
    this.fetching?.abort();
    this.fetching = null;
    kept = { ...kept, ...change, items: [], pages: [], cursor: null, started: false, ended: false, scroll: 0 };
    router.rewrite("/accounts", this.address());
    this.more({ keepRows: true });
  }

  async counts() {
    try {
      const organization = await api.get("/v1/organization", { signal: this.signal });
      kept.counts = organization.accounts;
      // Update only the numbers, because a radio button may have the focus.
      const numbers = [kept.counts.total, ...STATUSES.map((status) => kept.counts.by_status?.[status] ?? 0)];
      this.filters.querySelectorAll(".count").forEach((node, index) => { node.textContent = String(numbers[index]); });
      this.describe();
    } catch {
      // Ignored: the list reports problems with the API.
    }
  }

  async more({ keepRows = false } = {}) {
    if (this.fetching || kept.ended) return;
    const shown = kept;
    const mine = new AbortController();
    this.fetching = mine;
    const first = !shown.started;
    if (!keepRows) this.window();
    this.drawFoot("loading");
    const slow = setTimeout(() => this.drawFoot("slow"), 5_000);
    const limit = first ? FIRST_PAGE_SIZE : PAGE_SIZE;
    try {
      const page = await api.get("/v1/accounts", {
        query: { limit, cursor: shown.cursor, q: shown.q, status: shown.status },
        signal: AbortSignal.any([this.signal, mine.signal]),
      });
      if (kept !== shown) return;
      const known = new Set(shown.items.map((item) => item.account_id));
      shown.items.push(...page.items.filter((item) => !known.has(item.account_id)));
      shown.pages.push({ cursor: shown.cursor, limit, ids: new Set(page.items.map((item) => item.account_id)) });
      shown.cursor = page.next_cursor;
      shown.started = true;
      shown.ended = !page.next_cursor;
      this.fetching = null;
      this.window();
      this.drawFoot("idle");
      if (first) announce(this.summary());
    } catch (error) {
      if (this.signal.aborted || mine.signal.aborted) return;
      this.fetching = null;
      if (first && keepRows) this.window();
      this.drawFoot("error", error);
    } finally {
      clearTimeout(slow);
    }
  }

  summary() {
    if (!kept.items.length) return kept.q || kept.status ? t.list.nothingFound : t.list.empty.title;
    return kept.ended ? t.list.shown(kept.items.length) : t.list.shownSoFar(kept.items.length);
  }

  describe() {
    const total = kept.ended ? kept.items.length : !kept.q && !kept.status ? kept.counts?.total ?? -1 : -1;
    this.table.setAttribute("aria-rowcount", String(total < 0 ? -1 : total + 1));
  }

  drawFoot(state, problem) {
    this.describe();
    this.table.hidden = state === "idle" && kept.items.length === 0 || state === "error" && kept.items.length === 0;
    // Hidden until the first rows are shown, so that it does not move.
    this.foot.hidden = state === "loading" && !kept.started;
    if (state === "error") {
      return fill(this.foot, errorPanel(problem, () => this.more()));
    }
    if (state === "idle" && kept.items.length === 0) {
      return fill(this.foot, kept.q || kept.status ? this.nothingFound() : this.empty());
    }
    fill(this.foot, h("p", { class: "muted small" },
      state !== "idle" && kept.started && [spinner(), " "],
      state === "slow" ? h("span", { role: "status" }, t.problems.slow) : kept.started && this.summary()));
  }

  empty() {
    return h("div", { class: "empty card" }, icon("cloud"), h("h2", {}, t.list.empty.title), h("p", {}, t.list.empty.text),
      changeButton(session, t.list.newAccount, { class: "button-primary", onclick: () => this.openNew() }, "plus"));
  }

  // The modal has its own address, so a reload opens it again. The list stays below it, so the focus
  // returns to the button.
  async openNew() {
    const here = this.address();
    if (router.place().path !== "/accounts/new") history.pushState(null, "", "#/accounts/new");
    try {
      const { newAccount } = await import("./new-account.js");
      if (this.signal.aborted) return;
      newAccount({
        onClose: () => { if (router.place().path === "/accounts/new") router.rewrite("/accounts", here); },
        onAdded: (account) => {
          accountAdded(account);
          kept.scroll = 0;
          router.go("#/accounts", { replace: true });
        },
      });
    } catch {
      toast(t.problems.viewDetail, "warning");
    }
  }

  address() {
    const query = new URLSearchParams();
    if (kept.q) query.set("q", kept.q);
    if (kept.status) query.set("status", kept.status);
    return query;
  }

  nothingFound() {
    return h("div", { class: "empty card" }, icon("search"), h("h2", {}, t.list.nothingFound), h("p", {}, t.list.nothingFoundText),
      h("button", { type: "button", class: "button", onclick: () => { this.search.value = ""; this.filters.querySelector("input").checked = true; this.filter({ q: "", status: "" }); } }, t.list.clear));
  }

  // Draws the visible rows and a few around them.
  window() {
    if (!kept.started) {
      if (!this.body.querySelector(".skeleton-row")) {
        this.rows.clear();
        this.body.style.height = "";
        fill(this.body, Array.from({ length: 10 }, () => h("div", { class: "account-row skeleton-row", role: "row" }, h("div", { role: "cell", class: "cell" }, h("div", { class: "skeleton-line" }), srOnly(t.list.loading)))));
      }
      return;
    }
    if (this.body.querySelector(".skeleton-row")) fill(this.body);
    const { items } = kept;
    if (!this.height && items.length) {
      const probe = this.row(items[0]);
      this.body.append(probe);
      this.height = probe.offsetHeight;
      probe.remove();
    }
    this.body.style.height = `${items.length * this.height}px`;
    const top = this.body.getBoundingClientRect().top;
    const from = Math.max(0, Math.floor(-top / this.height) - OVERSCAN);
    const to = Math.min(items.length, Math.ceil((window.innerHeight - top) / this.height) + OVERSCAN);
    const wanted = new Map();
    for (let index = from; index < to; index += 1) wanted.set(items[index].account_id, index);
    // Keep the row with the focus, so that keyboard users do not lose their place.
    const focused = document.activeElement?.closest?.(".account-row[data-id]");
    if (focused && this.body.contains(focused)) {
      const index = items.findIndex((item) => item.account_id === focused.dataset.id);
      if (index >= 0) wanted.set(focused.dataset.id, index);
    }
    for (const [id, node] of this.rows) {
      if (!wanted.has(id)) { node.remove(); this.rows.delete(id); }
    }
    let before = null;
    for (const [id, index] of [...wanted].sort((a, b) => b[1] - a[1])) {
      const node = this.place(id, index);
      if (node.nextSibling !== before || node.parentNode !== this.body) this.body.insertBefore(node, before);
      before = node;
    }
    if (to > items.length - FETCH_AHEAD_ROWS && !this.foot.querySelector("[role=alert]")) this.more();
  }

  place(id, index) {
    const account = kept.items[index];
    const signature = JSON.stringify(account);
    let node = this.rows.get(id);
    if (!node || node.signature !== signature) {
      const fresh = this.row(account);
      fresh.signature = signature;
      if (node) {
        const part = node.contains(document.activeElement) && document.activeElement.dataset.part;
        node.replaceWith(fresh);
        if (part) fresh.querySelector(`[data-part="${part}"]`)?.focus({ preventScroll: true });
      }
      node = fresh;
      this.rows.set(id, node);
    }
    node.style.transform = `translateY(${index * this.height}px)`;
    node.setAttribute("aria-rowindex", String(index + 2));
    return node;
  }

  row(account) {
    const base = `#/accounts/${account.account_id}`;
    const cell = (name, ...content) => h("div", { role: "cell", class: `cell cell-${name}` }, content);
    const finished = account.verification?.finished_at;
    return h(
      "div",
      { role: "row", class: "account-row", "data-id": account.account_id },
      cell("name", h("a", { href: base, "data-part": "name", title: account.name }, account.name)),
      cell("status", statusBadge(account.status)),
      cell("account", h("span", { class: "mono" }, account.provider_id),
        h("span", { class: "muted" }, t.providers[account.provider] ?? account.provider, " · ", t.accessTypes[account.access_type]?.short ?? account.access_type)),
      cell("capabilities", capabilityChips(account)),
      cell("tested", h("span", { class: "cell-caption" }, t.list.testedCaption), when(finished)),
      cell("next", this.nextStep(account, base)),
      cell("test", this.testButton(account)),
    );
  }

  nextStep(account, base) {
    if (account.testing) return h("a", { href: `${base}/tests`, class: "testing", "data-part": "next" }, spinner(), t.status.testing);
    const step = {
      revoked: [base, t.list.whatIsWrong],
      unconfirmed: [`${base}/instructions`, t.list.instructions],
      failed: [base, t.list.whatIsWrong],
      degraded: [base, t.list.whatIsWrong],
    }[account.issues?.some(({ code }) => code === "revoked") ? "revoked" : account.status];
    return step ? h("a", { href: step[0], "data-part": "next", "aria-label": `${step[1]}: ${account.name}` }, step[1]) : h("span", { class: "muted" }, t.list.none);
  }

  testButton(account) {
    const may = session.current()?.canChange;
    const label = t.list.testLabel(account.name);
    return h("button", {
      type: "button", class: "icon-button test-button", "data-part": "test", "aria-label": label,
      title: may ? t.list.testHint : t.viewer.why, "aria-disabled": may ? null : "true",
      onclick: (event) => (may ? startTest(account, event.currentTarget) : toast(t.viewer.why, "warning")),
    }, icon("test"));
  }

  update(...accounts) {
    const fresh = new Map(accounts.map((account) => [account.account_id, account]));
    let turned = null;
    kept.items.forEach((item, index) => {
      const account = fresh.get(item.account_id);
      if (!account) return;
      kept.items[index] = account;
      if (item.status !== account.status) turned = account;
    });
    this.window();
    if (!turned) return;
    this.counts();
    announce(t.list.isNow(turned.name, t.status[turned.status]));
  }

  // Statuses change by themselves. Reads rows under test often, and the other visible rows now and
  // then.
  keepTrue() {
    // By elapsed time, not by rounds: a tab that was hidden for an hour refreshes at once.
    let refreshed = Date.now();
    return whileLookedAt(this.signal, () => WATCH_EVERY_MS, async () => {
      await this.reread(kept.items.filter((item) => item.testing && this.rows.has(item.account_id)).map((item) => item.account_id));
      if (Date.now() - refreshed < REFRESH_EVERY_MS) return;
      refreshed = Date.now();
      await this.refresh();
    });
  }

  // One request per account, so only a few.
  reread(ids) {
    return Promise.all(ids.slice(0, 6).map((id) => api.get(`/v1/accounts/${id}`, { signal: this.signal })
      .then((account) => this.update(account))
      .catch((problem) => { if (problem.isMissing) this.remove(id); })));
  }

  remove(accountId) {
    accountDeleted(accountId);
    this.counts();
    this.window();
    this.drawFoot("idle");
  }

  // Reads the visible page again, by its cursor.
  async refresh() {
    if (!kept.started || this.fetching) return;
    const shown = kept;
    const first = this.rows.keys().next().value;
    const at = shown.pages.find((page) => page.ids.has(first)) ?? shown.pages[0];
    try {
      const page = await api.get("/v1/accounts", {
        query: { limit: at.limit, cursor: at.cursor, q: shown.q, status: shown.status }, signal: this.signal,
      });
      if (kept !== shown) return;
      this.update(...page.items);
      // No longer on its page: deleted, renamed, or filtered out.
      const there = new Set(page.items.map((item) => item.account_id));
      await this.reread([...this.rows.keys()].filter((id) => at.ids.has(id) && !there.has(id)));
    } catch {
      // Keep what is shown. The next refresh tries again.
    }
  }
}
