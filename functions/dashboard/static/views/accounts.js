// The list of accounts. Only visible rows are in the document, and pages are fetched while the reader
// scrolls, so 10,000 accounts open as fast as ten.
import {
  announce,
  fill,
  focus,
  focused,
  focusOn,
  h,
  keyed,
  later,
  onReadNow,
  passFocus,
  render,
  srOnly,
  whileLookedAt,
} from "../lib/dom.js";
import { when } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { isMissing, retryAfter } from "../lib/problem.js";
import * as router from "../lib/router.js";
import * as session from "../lib/session.js";
import { dayOf, drawSpark } from "../lib/spark.js";
import * as store from "../lib/store.js";
import { showOnce, startTest } from "../lib/testing.js";
import {
  capabilityChips,
  changeButton,
  errorPanel,
  freshnessMark,
  isRevoked,
  notice,
  notLoaded,
  onceAlone,
  problemsOf,
  SLOW_AFTER_MS,
  spinner,
  STATUS_ICONS,
  statusBadge,
  submitting,
  takesLong,
  toast,
} from "../lib/ui.js";
import { PROVIDERS } from "../providers.js";
import { number, t, wordOf } from "../texts.js";

const OVERSCAN = 8;
const FETCH_AHEAD_ROWS = 60;
// Of more accounts that change at once, only how many they are is said.
const MOST_SAID = 3;
const WATCH_EVERY_MS = 2_000;
const REFRESH_EVERY_MS = 30_000;
// Of an unknown filter that is longer, its name says enough.
const LONGEST_SAID = 40;
// As the API has it.
const LONGEST_SEARCH = 64;
// Those that are there unless others are chosen, which views/columns.js has.
const COLUMNS = ["name", "status", "account", "capabilities", "tested", "next", "test"];
const STATUSES = ["confirmed", "degraded", "failed", "unconfirmed"];
const SORTED_BY = { name: "name", status: "status", account: "provider_id" };
const CHOICES = {
  status: new RegExp(`^(${STATUSES.join("|")})$`),
  access_type: /^(assume_role|access_key)$/,
  has_problems: /^(true|false)$/,
  template_version: /^[1-9]\d{0,3}$/,
  enrollment_id: /^[0-9A-HJKMNP-TV-Z]{26}$/,
  ou: /^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$/,
  sort: /^-?(name|status|provider_id)$/,
};

export function list(context) {
  const { main, query, path, signal } = context;
  context.title(t.list.title);
  const listing = store.listingOf(selectionOf(query));
  const returning = listing.started;
  context.keepsScroll = true;

  const added = store.takeAdded();
  const view = new ListView(main, listing, signal, added?.account_id, query.get("columns") ?? "");
  if (listing.isOther && view.isAnyChosen()) {
    listing.selected = { ids: new Set(), isAll: false };
    toast(t.list.chosenNoMore, "warning");
  }
  const operation = query.get("operation");
  if (operation) store.showOperation(operation);
  // A search is used in another form.
  const used = { ...listing.selection, q: query.get("q"), columns: view.named, operation };
  const unknown = [...query].flatMap(([name, value]) => {
    if (value ? used[name] === value : name in used) return [];
    return inShort(name, value);
  });
  if (unknown.length) toast(t.list.unknownFilters(unknown.join(", ")), "warning");
  // A reload neither shows an operation again that was closed, nor says again what was left out.
  if (operation || unknown.length) router.rewrite("/accounts", view.address());
  view.draw();
  window.scrollTo(0, returning && !added ? listing.scroll : 0);
  if (returning) view.update();
  else view.more();
  if (added) {
    view.reveal(added.account_id);
    announce(t.list.added(added.name));
  } else if (returning) context.keepsFocus = view.regain();
  view.keepTrue();
  if (path === "/accounts/new") view.openNew();
}

function inShort(name, value) {
  const said = value ? `${name}=${value}` : name;
  return said.length > LONGEST_SAID ? name.slice(0, LONGEST_SAID) : said;
}

// What the address says. What the API does not know is left out, which is said.
function selectionOf(query) {
  const chosen = Object.entries(CHOICES).map(([name, form]) => [name, form.exec(query.get(name))?.[0] ?? ""]);
  return { q: (query.get("q") ?? "").slice(0, LONGEST_SEARCH), ...Object.fromEntries(chosen) };
}

// Waits for all reads. If some failed, throws the problem with the longest wait. A list is never gone, so a 404 counts
// as no failure.
async function allOf(...reads) {
  const ends = await Promise.allSettled(reads);
  const problems = ends.flatMap((end) => (end.status === "rejected" && !isMissing(end.reason) ? [end.reason] : []));
  if (problems.length) throw problems.toSorted((a, b) => retryAfter(b) - retryAfter(a))[0];
}

const isInSight = (node) => {
  const { top, bottom } = node.getBoundingClientRect();
  return bottom > 0 && top < window.innerHeight;
};

class ListView {
  constructor(main, listing, signal, added, named) {
    this.main = main;
    this.listing = listing;
    this.signal = signal;
    this.session = session.ending();
    this.added = added;
    this.notices = h("div", { class: "list-notices" });
    /** Why the modal of a new account did not open, or columns are missing. @type {HTMLElement | null} */
    this.notOpened = null;
    this.rows = new Map();
    this.columns = COLUMNS;
    /** Columns that are not usual, as views/columns.js has them. @type {any} */
    this.others = null;
    /** The columns as the address has them, "" for the usual ones. */
    this.named = named;
    /** The columns' choice, once it is asked for. @type {Promise<void> | null} */
    this.loading = null;
    /** Whether the first rows wait for the columns that the address names. */
    this.awaitsColumns = false;
    /** Of which row the checkbox was used last, "" for that of the head. */
    this.touched = listing.at;
    /** Accounts that were tested in their rows. */
    this.tests = new Set();
    this.fetching = null;
    /** Cancels the wait that the API asked for after a failure. @type {(() => void) | null} */
    this.resting = null;
    /** Whether rows have another status or version since the numbers were read. */
    this.turned = false;
    this.opening = false;
    this.height = 0;
    this.arrivedBefore = 0;
    store.onChange(() => this.update(), signal);
    signal.addEventListener("abort", () => this.leave(), { once: true });
  }

  // The listing keeps them, for whoever comes back.
  get selected() {
    return this.listing.selected;
  }

  leave() {
    // The next person does not see what this one searched for.
    if (!this.session.aborted) store.keepListAddress(this.address());
    const row = this.rows.get(this.listing.at);
    // Whoever has scrolled away from it is somewhere else.
    if (!row || !isInSight(row)) this.listing.at = "";
  }

  // Back to the row that had the focus, which may have another place in the order by now. Returns whether it is there.
  regain() {
    const { ids, at } = this.listing;
    this.window();
    const row = this.rows.get(at);
    if (!row || !isInSight(row)) this.bring(ids.indexOf(at));
    const name = this.rows.get(at)?.querySelector("[data-part=name]");
    name?.focus({ preventScroll: true });
    return Boolean(name);
  }

  draw() {
    this.search = h("input", {
      type: "search",
      class: "input",
      id: "search",
      value: this.listing.selection.q,
      maxlength: LONGEST_SEARCH,
      placeholder: t.list.searchHint,
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => {
        this.typing?.();
        this.typing = later(200, () => this.filter({ q: this.search.value }), this.signal);
      },
    });
    this.filters = h("fieldset", { class: "filters" });
    this.versions = h("select", {
      class: "input version-filter",
      "aria-label": t.list.version,
      onchange: () => this.filter({ template_version: this.versions.value }),
      onblur: () => this.drawNumbers(),
    });
    this.drawFilters();
    this.drawNotices();
    this.toggle = this.opener(() => this.toggleChoices(), t.list.sortAndFilter, (this.set = h("span", {})));
    this.choices = h("div", { class: "choices", hidden: true });
    this.columnsToggle = this.opener(() => this.toggleColumns(), t.list.chooseColumns);
    this.columnChoice = h("div", { class: "column-choice", hidden: true });
    this.arrived = h("div", { class: "arrived" });
    const onfocusin = () => {
      const row = /** @type {HTMLElement | null} */ (focus().closest(".account-row"));
      if (row) this.listing.at = row.dataset.id;
    };
    this.body = h("div", { class: "rows", role: "rowgroup", onfocusin });
    this.table = h(
      "div",
      {
        class: "account-table",
        role: "table",
        "aria-label": t.list.title,
      },
      h(
        "div",
        { role: "rowgroup", class: "table-head" },
        (this.head = h("div", { role: "row", class: "account-row head" })),
      ),
      this.body,
    );
    this.drawHead();
    this.foot = h("div", { class: "list-foot" });
    this.bulk = h("div", { class: "bulk", hidden: true });
    fill(
      this.main,
      h(
        "div",
        { class: "page-head" },
        h(
          "div",
          { class: "head-title" },
          h("h1", {}, t.list.title),
          freshnessMark(() => this.readAt(), this.signal),
          this.arrived,
        ),
        h(
          "div",
          { class: "head-actions" },
          changeButton(t.list.addMany, { onclick: () => router.go("#/accounts/many") }),
          this.newButton(),
        ),
      ),
      this.notices,
      h(
        "div",
        { class: "toolbar" },
        h(
          "div",
          { class: "search" },
          h("label", { for: "search", class: "sr-only" }, t.list.search),
          icon("search"),
          this.search,
        ),
        this.columnsToggle,
        this.toggle,
        this.columnChoice,
        this.choices,
        this.filters,
        this.versions,
      ),
      h("div", { class: "bulk-place" }, this.bulk),
      this.table,
      this.foot,
    );
    this.chooseListed();
    if (store.operations().length || this.isAnyChosen()) this.drawChosen();
    const onscroll = () => {
      this.listing.scroll = window.scrollY;
      // Once the reader has scrolled, the page does not scroll to the new row.
      if (window.scrollY) this.toReveal = null;
      if (this.waiting) return;
      this.waiting = requestAnimationFrame(() => {
        this.waiting = 0;
        // The rows of the previous selection stay until new rows come, as long as one of them is in sight.
        if (this.listing.started || ![...this.rows.values()].some(isInSight)) this.window();
      });
    };
    const onresize = () => {
      if (this.signal.aborted) return;
      this.height = 0;
      onscroll();
    };
    window.addEventListener("scroll", onscroll, { passive: true, signal: this.signal });
    window.addEventListener("resize", onresize, { passive: true, signal: this.signal });
    // As large as the text, as rows are.
    new ResizeObserver(onresize).observe(this.search);
    if (this.named) this.showNamed();
    this.window();
    this.drawSelection();
    if (this.chosenBeside()) this.toggleChoices();
  }

  drawHead() {
    this.table.setAttribute("aria-colcount", String(this.columns.length));
    fill(
      this.head,
      this.columns.map((cell) => this.columnHeader(t.list.columns[cell] ?? this.others.head(cell), cell)),
    );
  }

  columnHeader(column, cell) {
    const field = SORTED_BY[cell];
    const press = () => {
      this.filter({ sort: this.order() === field ? `-${field}` : field });
      // The heads stay in sight wherever the reader is, and the first rows are what is asked for.
      window.scrollTo(0, 0);
    };
    return h(
      "div",
      { role: "columnheader", class: `cell cell-${cell}` },
      cell === "name" && this.checkbox("", t.list.chooseShown),
      field && h("button", { type: "button", class: "sort", onclick: press }, column),
      // Where the button is not there.
      h("span", { class: field && "unsorted" }, column),
    );
  }

  // Of a row, or without an id of all rows that are loaded.
  checkbox(id, label) {
    if (!session.somebody().canChange) return null;
    return h("input", {
      type: "checkbox",
      class: "choose",
      "aria-label": label,
      "data-part": "choose",
      "data-of": id,
      checked: this.isChosen(id),
      onchange: ({ currentTarget }) => this.check(id, currentTarget.checked),
      onkeydown: (event) => event.key === "Enter" && this.enterBulk(id, event),
    });
  }

  // The bar is before all rows, which is a long way for a keyboard.
  enterBulk(id, event) {
    // Otherwise the same press would press what gets the focus.
    event.preventDefault();
    this.touched = id;
    const action = /** @type {HTMLElement | null} */ (this.bulk.querySelector("[data-part=test]"));
    if (action && !action.closest("[hidden]")) action.focus();
    else if (!this.bulk.hidden) focusOn(this.bulk);
  }

  // Back to where somebody chose last, also if that is out of sight by now.
  leaveBulk() {
    this.bring(this.listing.ids.indexOf(this.touched));
    const row = this.touched ? this.rows.get(this.touched) : this.head;
    const box = row?.querySelector(".choose");
    box?.focus();
    if (!box || focus() !== box) focusOn(this.table.hidden ? this.foot : this.table);
  }

  isAnyChosen() {
    return this.selected.isAll || this.selected.ids.size > 0;
  }

  isChosen(id) {
    const { ids, isAll } = this.selected;
    return isAll || (id ? ids.has(id) : ids.size > 0 && this.listing.ids.every((each) => ids.has(each)));
  }

  // Whoever takes one out of all goes on with the others that are loaded.
  check(id, isOn) {
    const { ids, isAll } = this.selected;
    const next = new Set(isAll ? this.listing.ids : ids);
    for (const each of id ? [id] : this.listing.ids) next[isOn ? "add" : "delete"](each);
    this.touched = id;
    this.choose([...next], false, 0, isAll && !this.listing.ended && next.size > 0);
  }

  // `gone`: how many have left the list. `isPart`: those that are not loaded are not chosen any more.
  choose(ids, isAll = false, gone = 0, isPart = false) {
    Object.assign(this.selected, { ids: new Set(ids), isAll });
    this.drawChosen(gone, isPart);
  }

  // Nothing is done with an account that nobody sees: one that has left the list is not chosen any more.
  chooseListed() {
    // The bar may show what was given up in an earlier view of the list.
    if (!this.drawBulk && !this.isAnyChosen()) return;
    const { ids } = this.selected;
    const listed = this.listing.among(ids);
    if (listed.length < ids.size) return this.choose(listed, false, ids.size - listed.length);
    // More rows may be loaded.
    this.drawBoxes();
    this.drawBulk?.();
  }

  drawBoxes() {
    const { ids, isAll } = this.selected;
    for (const box of /** @type {any} */ (this.table.querySelectorAll(".choose"))) {
      box.checked = this.isChosen(box.dataset.of);
      box.indeterminate = !box.dataset.of && !box.checked && !isAll && ids.size > 0;
    }
  }

  // What can be done with chosen accounts comes with the first of them.
  async drawChosen(gone = 0, isPart = false) {
    this.drawBoxes();
    if (this.drawBulk || this.loadsBulk) return this.drawBulk?.(gone, isPart);
    this.loadsBulk = true;
    const show = (...content) => {
      this.bulk.hidden = false;
      fill(this.bulk, content);
    };
    const cancel = later(SLOW_AFTER_MS, () => show(notice("info", takesLong())), this.signal);
    try {
      const { bulkBar } = await import("./bulk.js");
      const of = {
        listing: () => this.listing,
        chosen: this.selected,
        table: this.table,
        leave: () => this.leaveBulk(),
        choose: (ids, isAll) => this.choose(ids, isAll),
      };
      this.drawBulk = await bulkBar(this.bulk, of, this.signal);
      this.drawBulk(gone, isPart);
    } catch (error) {
      if (!this.signal.aborted) show(notLoaded(error));
    }
    cancel();
    this.loadsBulk = false;
  }

  // Without an order, a search has its own.
  order() {
    const { q, sort } = this.listing.selection;
    return sort || (q ? "" : "name");
  }

  // How many filters are set that only the choices show.
  chosenBeside() {
    const { access_type, has_problems, enrollment_id, ou } = this.listing.selection;
    return [access_type, has_problems, enrollment_id, ou].filter(Boolean).length;
  }

  // What the controls show of the selection, beside those with which it was made.
  drawSelection() {
    const order = this.order();
    this.columns.forEach((cell, index) => {
      const [field, column] = [SORTED_BY[cell], this.head.children[index]];
      const way = { [field]: "ascending", [`-${field}`]: "descending" }[order];
      if (way) column.setAttribute("aria-sort", way);
      else column.removeAttribute("aria-sort");
    });
    const count = this.chosenBeside();
    this.set.textContent = count ? t.list.filtersSet(count) : "";
    this.set.hidden = !count;
    this.drawChoices?.();
  }

  opener(onclick, ...content) {
    return h("button", { type: "button", class: "button button-small", "aria-expanded": "false", onclick }, content);
  }

  // What a button opens comes with its first use.
  async open(toggle, place, load) {
    const open = place.hidden;
    place.hidden = !open;
    toggle.setAttribute("aria-expanded", String(open));
    if (!open) return;
    place.setAttribute("aria-busy", "true");
    try {
      await load();
    } catch (error) {
      if (!this.signal.aborted) fill(place, notLoaded(error));
    }
    place.removeAttribute("aria-busy");
  }

  toggleChoices() {
    return this.open(this.toggle, this.choices, async () => {
      if (this.drawChoices) return;
      const { choices } = await import("./choices.js");
      const of = {
        listing: () => this.listing,
        onChoice: (change) => this.filter(change),
        onClear: () => this.showAll(),
      };
      this.drawChoices = choices(this.choices, of, this.signal);
      this.drawSelection();
    });
  }

  toggleColumns() {
    return this.open(this.columnsToggle, this.columnChoice, () => this.loadColumns());
  }

  // They are drawn once, however early the button is pressed.
  loadColumns() {
    this.loading ??= this.drawColumns().catch((error) => {
      this.loading = null;
      throw error;
    });
    return this.loading;
  }

  async drawColumns() {
    const here = router.whileHere();
    this.others = await import("./columns.js");
    const onChoice = (columns, named) => this.chooseColumns(columns, named);
    const of = { table: this.table, usual: COLUMNS, named: this.named, onChoice };
    const columns = await this.others.columnChoice(this.columnChoice, of);
    const unknown = this.others.unknownIn(this.named);
    this.named = this.others.namedBy(columns, COLUMNS);
    if (unknown)
      here(() => {
        toast(t.list.unknownFilters(inShort("columns", unknown)), "warning");
        router.rewrite("/accounts", this.address());
      });
    this.showColumns(columns);
  }

  chooseColumns(columns, named) {
    this.named = named;
    router.rewrite("/accounts", this.address());
    this.showColumns(columns);
  }

  // Rows of the usual columns would jump as the others come.
  async showNamed() {
    this.awaitsColumns = !this.isReady();
    const cancel = later(SLOW_AFTER_MS, () => this.awaitNothing(), this.signal);
    try {
      await this.loadColumns();
    } catch (error) {
      if (!this.signal.aborted) this.say(notLoaded(error));
    }
    cancel();
    this.awaitNothing();
  }

  awaitNothing() {
    if (!this.awaitsColumns || this.signal.aborted) return;
    this.awaitsColumns = false;
    this.update();
  }

  // Until then there is a skeleton.
  isReady() {
    return this.listing.started && !(this.awaitsColumns && this.listing.ids.length);
  }

  showColumns(columns) {
    this.columns = columns;
    this.drawHead();
    this.drawSelection();
    // Rows of other columns may have another height.
    this.height = 0;
    this.rows.clear();
    fill(this.body);
    this.window();
    this.drawBoxes();
    // The rows are others by now.
    if (focus() === this.body) this.regain();
  }

  showAll() {
    this.search.value = "";
    this.filters.querySelector("input").checked = true;
    this.filter({ ...store.EVERYTHING, sort: this.listing.selection.sort });
  }

  // Names the account that this page has added by its current name, as long as it exists.
  drawNotices() {
    const added = /** @type {any} */ (store.account(this.added));
    // If the access keys were refused, the next step is Instructions, which ask for other keys.
    const { nextStep } = t.list;
    const isNext = added?.status === "unconfirmed" && !isRevoked(added);
    const step = isNext && ((!problemsOf(added).length && nextStep[added.access_type]) || nextStep.assume_role);
    render(this.notices, [added?.name, step, this.notOpened?.textContent], () => [
      !session.somebody().canChange && notice("info", h("p", {}, t.viewer.banner)),
      this.notOpened,
      added &&
        notice(
          "success",
          h(
            "p",
            {},
            h("a", { href: `#/accounts/${added.account_id}` }, added.name),
            ` ${t.list.wasAdded} `,
            step && [step, " ", h("a", { href: `#/accounts/${added.account_id}/instructions` }, t.list.instructions)],
          ),
        ),
    ]);
  }

  drawFilters() {
    const entry = (value, text) =>
      h(
        "label",
        { class: "filter" },
        h("input", {
          type: "radio",
          name: "status",
          class: "sr-only",
          value,
          checked: this.listing.selection.status === value,
          onchange: () => this.filter({ status: value }),
        }),
        h(
          "span",
          { class: `filter-face ${value ? `status-${value}` : ""}` },
          value && h("span", { class: "status-mark" }, icon(STATUS_ICONS[value])),
          text,
          h("span", { class: "count" }),
        ),
      );
    fill(
      this.filters,
      h("legend", { class: "sr-only" }, t.list.filter),
      entry("", t.list.all),
      STATUSES.map((status) => entry(status, t.status[status])),
    );
    this.drawNumbers();
  }

  // Updates only the numbers, because a radio button may have the focus, and the list of versions may be open.
  drawNumbers() {
    const counts = store.numbers();
    this.drawVersions(counts?.by_template_version ?? []);
    if (!counts) return;
    // Their place stays, so that nothing moves.
    const visibility = this.listing.isFilteredBeside("status") ? "hidden" : "";
    const numbers = [counts.total, ...STATUSES.map((status) => counts.by_status?.[status] ?? 0)];
    this.filters.querySelectorAll(".count").forEach((node, index) => {
      node.textContent = number(numbers[index]);
      node.style.visibility = visibility;
    });
  }

  // The filter is hidden while all roles have the same version.
  drawVersions(inUse) {
    const { template_version: chosen } = this.listing.selection;
    const isPart = this.listing.isFilteredBeside("template_version");
    const known = inUse.map(({ version, accounts }) => [String(version), isPart ? undefined : accounts]);
    const others = chosen && !known.some(([version]) => version === chosen) ? [[chosen]] : [];
    const valueOf = ([value]) => value;
    keyed(this.versions, [[""], ...known, ...others], valueOf, ([value, count], before) => {
      const option = before ?? h("option", { value });
      option.textContent = t.list.ofVersion(value, count);
      return option;
    });
    if (chosen !== this.chosen) this.versions.value = this.chosen = chosen;
    this.versions.hidden = known.length < 2 && !chosen && focus() !== this.versions;
  }

  filter(change) {
    const listing = store.listingOf({ ...this.listing.selection, ...change });
    if (listing === this.listing) return;
    this.fetching?.abort();
    this.fetching = null;
    this.listing = listing;
    if (listing.isOther && this.isAnyChosen()) this.choose([]);
    router.rewrite("/accounts", this.address());
    this.drawSelection();
    this.drawNumbers();
    this.drawArrivals();
    this.more({ keepRows: true });
  }

  // The list reports problems with the API. The freshness mark says that numbers are missing. Rows do not wait for
  // them.
  numbers() {
    return store.unlessItHangs(this.readNumbers(), this.signal);
  }

  async readNumbers() {
    try {
      await store.readNumbers(this.signal);
      store.has(this.filters);
    } catch (problem) {
      // Older numbers stay, and keep their age.
      if (!store.numbers()) store.lacks(this.filters, this.signal);
      throw problem;
    }
  }

  // `quietly`: the content stays until there is more.
  async more({ keepRows = false, quietly = false } = {}) {
    const { listing } = this;
    if (this.fetching || listing.ended || listing.isStopped) return;
    const mine = new AbortController();
    this.fetching = mine;
    const { isSparse } = listing;
    const first = !listing.started;
    if (!keepRows && !quietly) this.window();
    if (!quietly) this.drawFoot("loading");
    const isSlow = () => {
      // After this time, rows of the previous selection would mislead. A skeleton replaces them.
      this.window();
      this.drawFoot("slow");
    };
    const cancel = later(SLOW_AFTER_MS, () => quietly || isSlow(), this.signal);
    try {
      await listing.readMore(AbortSignal.any([this.signal, mine.signal]));
      store.has(this.foot);
      mine.signal.throwIfAborted();
      // It may look on at once.
      this.drawFoot(listing.isSparse ? "loading" : "idle");
      this.fetching = null;
      this.update();
      if (first || (isSparse && listing.ended)) announce(this.summary());
    } catch (error) {
      if (this.signal.aborted || mine.signal.aborted) return;
      this.fetching = null;
      if (first && keepRows) this.window();
      store.lacks(this.foot, this.signal);
      if (!this.hasFailed()) this.drawFoot("error", error);
      this.resting?.();
      this.resting = later(retryAfter(error), () => (this.resting = null), this.signal);
    } finally {
      cancel();
    }
  }

  // Draws what has changed in the store. Announces the changed statuses of rows that are shown, and the end of a test
  // that was begun in one.
  update() {
    this.drawNumbers();
    this.drawNotices();
    if (!this.isReady()) return;
    const rows = [...this.body.children].filter(({ account }) => account);
    const before = rows.map(({ account }) => [account, store.account(account.account_id)]);
    this.window();
    this.chooseListed();
    if (this.fetching || this.hasFailed()) this.drawArrivals();
    else this.drawFoot("idle");
    if (this.toReveal) this.reveal(this.toReveal);
    const changed = before.flatMap(([was, now]) => {
      const isOver = was.testing && !now?.testing && this.tests.delete(was.account_id);
      return now && (isOver || now.status !== was.status) ? [now] : [];
    });
    if (changed.length > MOST_SAID) {
      const by = [...Map.groupBy(changed, ({ status }) => wordOf(t.status, status))];
      announce(
        t.list.haveChanged(
          changed.length,
          by.map(([status, { length }]) => `${number(length)} ${status}`),
        ),
      );
    } else for (const { name, status } of changed) announce(t.list.isNow(name, wordOf(t.status, status)));
    // A row that has changed or gone makes the numbers outdated.
    if (before.some(([was, now]) => !now || store.hasTurned(was, now))) this.turned = true;
  }

  // While the API looks on, what stops it stands here, where no row pushes it. New accounts are offered after that.
  drawArrivals() {
    const { ids, isFiltered, arrivals } = this.listing;
    const count = arrivals.length;
    if (this.looksOn()) {
      render(this.arrived, "", () =>
        h("p", {}, this.looking(t.list.stopLooking, false), " ", spinner(), " ", h("span", {})),
      );
      this.arrived.querySelector("span").textContent = t.list.soFar(ids.length);
      return;
    }
    const text = (isFiltered ? t.list.arrivedHere : t.list.arrived)(count);
    render(
      this.arrived,
      count,
      () =>
        count > 0 &&
        h(
          "p",
          {},
          `${text} · `,
          h(
            "button",
            {
              type: "button",
              class: "link",
              "data-part": "show",
              onclick: () => this.showArrivals(),
            },
            t.list.showArrived,
          ),
        ),
    );
    if (count > this.arrivedBefore) announce(text);
    this.arrivedBefore = count;
  }

  // The pressed button disappears, so the focus goes to the first of the new rows.
  showArrivals() {
    const ids = this.listing.showArrivals();
    this.reveal(...ids);
    this.rows.get(ids[0])?.querySelector('[data-part="name"]').focus({ preventScroll: true });
  }

  // Marks these rows as new, and scrolls to the first of them if it is out of sight.
  reveal(...ids) {
    this.marked = new Set(ids);
    const index = this.listing.ids.indexOf(ids[0]);
    this.toReveal = index < 0 ? ids[0] : null;
    this.bring(index);
  }

  // Scrolls to a row if it is out of sight.
  bring(index) {
    if (index < 0) return;
    this.window();
    const top = this.body.getBoundingClientRect().top + index * this.height;
    if (top < 0 || top + this.height > window.innerHeight) window.scrollBy(0, top - window.innerHeight / 2);
    this.window();
  }

  summary() {
    const { ids, ended } = this.listing;
    if (this.isLookedFor()) return `${t.list.soFar(ids.length)}. ${t.list.notAll}`;
    if (!ids.length) return this.listing.isFiltered ? t.list.nothingFound : t.list.empty.title;
    return ended ? t.list.shown(ids.length) : t.list.shownSoFar(ids.length);
  }

  // Whether the API looks on, or was stopped: not for rows that only a scroll asks for.
  isLookedFor() {
    return this.listing.isSparse && (this.fetching || this.listing.isStopped);
  }

  looksOn() {
    return this.isLookedFor() && !this.listing.isStopped && !this.hasFailed();
  }

  hasFailed() {
    return Boolean(this.foot.querySelector("[role=alert]"));
  }

  describe(state) {
    const { ids, ended, total } = this.listing;
    const rows = ended ? ids.length : (total ?? -2);
    this.table.setAttribute("aria-rowcount", String(rows + 1));
    // Until the first answer, the table may show rows of the previous selection.
    this.table.setAttribute("aria-busy", String(!this.isReady() && state !== "error"));
  }

  drawFoot(state, problem) {
    const had = focused(this.foot) ?? focused(this.table) ?? focused(this.arrived);
    this.describe(state);
    const { started, ids, isStopped } = this.listing;
    const isLookedFor = this.isLookedFor();
    this.table.hidden = ((state === "idle" && started) || state === "error" || isLookedFor) && ids.length === 0;
    // Hidden until the first rows are shown, so that it does not move.
    this.foot.hidden = state !== "error" && state !== "slow" && !this.isReady();
    const shown = [state, problem, this.summary(), started];
    render(this.foot, shown, () => {
      if (state === "error") return errorPanel(problem, () => this.retry());
      if (state === "idle" && started && ids.length === 0 && !isLookedFor)
        return this.listing.isFiltered ? this.nothingFound() : this.empty();
      return h(
        "p",
        { class: "muted small" },
        state !== "idle" && started && [spinner(), " "],
        started && (state !== "slow" || isLookedFor) && [this.summary(), " "],
        state === "slow" && h("span", { role: "status" }, t.problems.slow, " "),
        isLookedFor && isStopped && this.looking(t.list.lookOn, true),
      );
    });
    this.drawArrivals();
    // It would be pushed by what is found.
    if (this.looksOn() && ids.length && state !== "slow") this.foot.hidden = true;
    if (had?.dataset.part === "look") {
      const look = /** @type {HTMLElement | null} */ (this.main.querySelector("[data-part=look]"));
      if (look) look.focus({ preventScroll: true });
      else focusOn(this.foot);
    }
    // The table or the foot may be hidden now.
    if (had && (focus() === document.body || focus().closest("[hidden]")))
      focusOn(this.table.hidden ? this.foot : this.table);
  }

  looking(text, isOn) {
    return h("button", { type: "button", class: "link", "data-part": "look", onclick: () => this.lookOn(isOn) }, text);
  }

  lookOn(isOn) {
    this.listing.isStopped = !isOn;
    if (isOn) return this.more();
    this.fetching?.abort();
    this.fetching = null;
    return this.drawFoot("idle");
  }

  newButton() {
    const pressed = (event) => submitting(event.currentTarget, () => this.openNew());
    return changeButton(t.list.newAccount, { class: "button-primary", onclick: pressed }, "plus");
  }

  empty() {
    return h(
      "div",
      { class: "empty card" },
      icon("cloud"),
      h("h2", {}, t.list.empty.title),
      h("p", {}, t.list.empty.text),
      this.newButton(),
    );
  }

  say(why) {
    this.notOpened = why;
    this.drawNotices();
  }

  // The modal has its own address, so a reload opens it again. The list stays below it, so the focus
  // returns to the button.
  async openNew() {
    // Pressing again while the module loads opens one modal.
    if (this.opening) return;
    this.opening = true;
    const cancel = later(SLOW_AFTER_MS, () => this.say(h("div", {}, takesLong())), this.signal);
    const before = this.address();
    const here = router.whileHere();
    const isOver = router.place().path !== "/accounts/new";
    if (isOver) here(() => history.pushState({ isOver }, "", "#/accounts/new"));
    try {
      const { newAccount } = await import("./new-account.js");
      onceAlone(() => {
        if (this.signal.aborted) return;
        this.say(null);
        let open = true;
        newAccount({
          onClose: () => {
            open = false;
            if (router.place().path !== "/accounts/new") return;
            here(() => {
              if (isOver) router.back();
              // It was over a list before a reload.
              else if (history.state?.isOver) history.back();
              else router.rewrite("/accounts", before);
            });
          },
          onAdded: (account, asked) => {
            store.add(account, asked);
            const announced = () => toast(t.list.added(account.name));
            if (open)
              here(() => {
                router.go(`#/accounts/${account.account_id}/connect`, { replace: true });
                announce(t.list.added(account.name));
              }, announced);
            else {
              store.takeAdded();
              announced();
            }
          },
        });
      });
    } catch (error) {
      if (!this.signal.aborted) this.say(notLoaded(error));
    } finally {
      cancel();
      this.opening = false;
    }
  }

  address() {
    const shown = { ...this.listing.selection, columns: this.named };
    return new URLSearchParams(Object.entries(shown).filter(([, value]) => value));
  }

  nothingFound() {
    return h(
      "div",
      { class: "empty card" },
      icon("search"),
      h("h2", {}, t.list.nothingFound),
      this.listing.selection.q && h("p", {}, t.list.nothingFoundText),
      h(
        "button",
        {
          type: "button",
          class: "button",
          onclick: () => this.showAll(),
        },
        t.list.clear,
      ),
    );
  }

  // Draws the visible rows and a few around them.
  window() {
    if (!this.isReady()) {
      if (!this.body.querySelector(".skeleton-row")) {
        this.rows.clear();
        this.body.style.height = "";
        fill(
          this.body,
          Array.from({ length: 10 }, () =>
            h(
              "div",
              { class: "account-row skeleton-row", role: "row" },
              h("div", { role: "cell", class: "cell" }, h("div", { class: "skeleton-line" }), srOnly(t.list.loading)),
            ),
          ),
        );
      }
      return;
    }
    if (this.body.querySelector(".skeleton-row")) fill(this.body);
    const { ids } = this.listing;
    if (!this.height && ids.length) {
      const probe = this.row(store.account(ids[0]));
      this.body.append(probe);
      this.height = probe.offsetHeight;
      probe.remove();
    }
    this.body.style.height = `${ids.length * this.height}px`;
    const top = this.body.getBoundingClientRect().top;
    const from = Math.max(0, Math.floor(-top / this.height) - OVERSCAN);
    const to = Math.min(ids.length, Math.ceil((window.innerHeight - top) / this.height) + OVERSCAN);
    const wanted = new Map();
    for (let index = from; index < to; index += 1) wanted.set(ids[index], index);
    // Keeps the row with the focus, so that keyboard users do not lose their place.
    const had = focused(this.body);
    const row = /** @type {HTMLElement | undefined} */ (had?.closest(".account-row[data-id]"));
    const at = ids.indexOf(row?.dataset.id);
    if (at >= 0) wanted.set(ids[at], at);
    // If the row with the focus is removed, the focus goes to the row in its place.
    const place = Number(row?.getAttribute("aria-rowindex")) - 2;
    for (const [id, node] of this.rows) {
      if (!wanted.has(id)) {
        node.remove();
        this.rows.delete(id);
      }
    }
    let before = null;
    for (const [id, index] of [...wanted].sort((a, b) => b[1] - a[1])) {
      const node = this.place(id, index);
      if (node.nextSibling !== before || node.parentNode !== this.body) this.body.insertBefore(node, before);
      before = node;
    }
    passFocus(had, this.rows.get(ids[at] ?? ids[Math.min(place, ids.length - 1)]) ?? this.foot, at >= 0);
    if (to > ids.length - FETCH_AHEAD_ROWS && !this.hasFailed()) this.more();
  }

  place(id, index) {
    const account = /** @type {any} */ (store.account(id));
    // The bar of its status ends today, in UTC.
    const signature = JSON.stringify([account, dayOf(Date.now())]);
    let node = this.rows.get(id);
    if (!node || node.signature !== signature) {
      const fresh = this.row(account);
      fresh.signature = signature;
      fresh.account = account;
      node?.replaceWith(fresh);
      node = fresh;
      this.rows.set(id, node);
    }
    node.style.transform = `translateY(${index * this.height}px)`;
    node.setAttribute("aria-rowindex", String(index + 2));
    node.classList.toggle("is-new", Boolean(this.marked?.has(id)));
    return node;
  }

  row(account) {
    const base = `#/accounts/${account.account_id}`;
    const finished = account.verification?.finished_at;
    const content = {
      name: () => [
        this.checkbox(account.account_id, t.list.choose(account.name)),
        h("a", { href: base, "data-part": "name", title: account.name }, account.name),
      ],
      status: () => {
        const spark = h("span", { class: "spark" });
        drawSpark(spark, account);
        return [statusBadge(account.status, { testing: account.testing && !this.has("next") }), spark];
      },
      account: () => [
        h("span", { class: "mono" }, account.provider_id),
        h(
          "span",
          { class: "muted" },
          wordOf(PROVIDERS, account.provider),
          " · ",
          wordOf(t.accessTypes, account.access_type),
        ),
      ],
      capabilities: () => capabilityChips(account),
      tested: () => [h("span", { class: "cell-caption" }, t.list.testedCaption), when(finished)],
      next: () => this.nextStep(account, base),
      test: () => this.testButton(account),
    };
    return h(
      "div",
      { role: "row", class: "account-row", "data-id": account.account_id },
      this.columns.map((name) =>
        h(
          "div",
          { role: "cell", class: `cell cell-${content[name] ? name : "other"}` },
          content[name]?.() ?? this.others.cell(name, account),
        ),
      ),
    );
  }

  nextStep(account, base) {
    const problems = problemsOf(account).length;
    if (account.testing)
      return h("a", { href: `${base}/tests`, class: "testing", "data-part": "next" }, spinner(), t.status.testing);
    const link = (href, text, why = "") =>
      h("a", { href, "data-part": "next", "aria-label": `${text}${why}: ${account.name}` }, text);
    if (account.status === "unconfirmed" && !isRevoked(account))
      return link(`${base}/instructions`, t.list.instructions);
    if (problems) return link(base, t.list.problems(problems), t.list.seeWhy);
    if (account.status !== "confirmed") return link(base, t.list.whatIsWrong);
    return h("span", { class: "muted" }, t.list.none);
  }

  testButton(account) {
    const may = session.current()?.canChange;
    const isSaidHere = account.testing && !this.has("next") && !this.has("status");
    const said = isSaidHere ? t.status.testing : may ? t.list.testHint : t.viewer.why;
    return h(
      "button",
      {
        type: "button",
        class: "icon-button test-button",
        "data-part": "test",
        "aria-label": `${t.list.testLabel(account.name)}${isSaidHere ? `: ${said}` : ""}`,
        title: said,
        "aria-disabled": may ? null : "true",
        onclick: (event) => (may ? this.test(account, event.currentTarget) : toast(t.viewer.why, "warning")),
      },
      isSaidHere ? spinner() : icon("test"),
    );
  }

  has(column) {
    return this.columns.includes(column);
  }

  // Nobody leaves the list for it.
  test(account, node) {
    this.tests.add(account.account_id);
    return startTest(account, node, (begun) => showOnce(account, begun, true));
  }

  // The oldest read time of the rows in sight and the numbers.
  readAt() {
    const [first] = this.listing.pages;
    if (!first) return 0;
    const rows = [...this.rows.keys()].map(store.readAt).filter(Boolean);
    return store.oldest([...(rows.length ? rows : [first.at]), store.numbers()?.at ?? 0]);
  }

  // Statuses change by themselves. Reads rows under test often, and the other visible rows now and
  // then.
  keepTrue() {
    // Refreshes depend on elapsed time, not on rounds. A tab that was hidden for an hour refreshes at once, and so does
    // one whose clock was set back. The first refresh comes without a pause.
    let refreshed = 0;
    onReadNow(() => {
      refreshed = 0;
    }, this.signal);
    return whileLookedAt(
      this.signal,
      () => (this.turned ? 0 : refreshed && WATCH_EVERY_MS),
      async () => {
        const testing = [...this.rows.keys()].filter((id) => store.account(id)?.testing);
        const isDue = Math.abs(Date.now() - refreshed) >= REFRESH_EVERY_MS;
        if (isDue) refreshed = Date.now();
        const { turned } = this;
        this.turned = false;
        await allOf(
          store.reread(testing, this.signal),
          isDue ? this.refresh() : this.listing.catchUp(this.signal),
          !isDue && turned && this.numbers(),
          // The row of the added account may be out of sight, or may not match the filter.
          isDue && store.account(this.added) && store.unlessItHangs(store.read(this.added, this.signal), this.signal),
        );
      },
    );
  }

  // Keeps the content if it fails. The next refresh tries again, and repeats what failed before.
  refresh() {
    return allOf(
      this.numbers(),
      this.listing.reread(this.rows, this.signal),
      this.hasFailed() && !this.resting && this.more({ quietly: true }),
    );
  }

  retry() {
    this.fetching?.abort();
    this.fetching = null;
    return this.more();
  }
}
