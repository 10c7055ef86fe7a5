// How an account's connection was in the last days, what changed when it broke, and its permissions by region.
import * as api from "../lib/api.js";
import { catalogOf } from "../lib/catalog.js";
import { focusOn, h, keyed, render, srOnly } from "../lib/dom.js";
import { regionWhy, regionWord } from "../lib/findings.js";
import { when } from "../lib/format.js";
import {
  breaksOf,
  beginning,
  daysOf,
  DAYS_BACK,
  endsOf,
  knownTimes,
  runsOf,
  uptime,
  waitingOf,
} from "../lib/health.js";
import { utcDate } from "../lib/later-formats.js";
import { dataTable, styled } from "../lib/pictures.js";
import { button, isRevoked, section, skeleton, statusBadge } from "../lib/ui.js";
import { keptTrue, Pages } from "../lib/watched.js";
import { LOCALE, number, wordOf } from "../texts.js";
import { t } from "./texts.js";
import { frame, outcomeOf } from "./account.js";
import { lastTest, mapIn } from "./permission-map.js";
import { base, compared, following, nameOf, outcomeBadge, stepReason, verdictWord } from "./tests.js";

const PAGE_SIZE = 25;
// An account that cannot be entered is tested often. Older tests than these are not read.
const MOST_TESTS = 500;
const BREAKS_AT_ONCE = 20;
const CHANGES_SHOWN = 3;
const DAY_MS = 86_400_000;

export function health(context) {
  return frame(context, "health", (body, handle) => {
    const { signal } = handle;
    const [ribbon, breaks, map] = [h("div", {}), h("div", {}), h("div", {})];
    const content = h("div", { class: "stack" }, ribbon, breaks, map);
    const readTests = testsOf(handle.id, signal);
    const catalog = catalogOf(signal);
    const [drawBreaks, drawMap] = [breaksIn(breaks), mapIn(map, signal)];
    /** @type {any} */
    let found;
    // All at once, so that nothing moves. Without the catalog there are the fixes of issues alone.
    const read = async () => {
      const statements = catalog().catch(() => null);
      const [history, last, known] = await Promise.all([
        readTests(),
        lastTest(handle.account(), signal),
        statements,
        styled(),
      ]);
      const policy = known?.policy_document ?? null;
      // It takes several tasks.
      await drawMap({ test: last, account: handle.account(), policy });
      return { ...history, last, policy };
    };
    const draw = () => {
      const [now, account] = [Date.now(), handle.account()];
      const { tests, isCut, last, policy } = found;
      const known = { isNew: isNew(account, isCut, now), isWaiting: waitingOf(account), ends: endsOf(account) };
      drawRibbon(ribbon, knownTimes(tests, now, known), isCut, now);
      drawBreaks(breaksOf(tests, now, known), account);
      drawMap({ test: last, account, policy });
    };
    const take = (answer) => {
      found = answer;
      draw();
      return content;
    };
    const part = keptTrue(body, read, take, { signal, placeholder: () => skeleton(8) });
    handle.shows(part);
    const follow = following(handle.account(), part.again);
    handle.onChange((account) => {
      if (found) draw();
      follow(account);
    });
  });
}

// Reads the tests of these days: at first all pages, then the first one again.
function testsOf(id, signal) {
  const pages = new Pages({
    fetchPage: (cursor) => api.get(base(id), { query: { limit: PAGE_SIZE, cursor }, signal }),
    keyOf: (test) => test.verification_id,
  });
  const isOlder = () => Date.parse(pages.items.at(-1)?.started_at) < beginning(Date.now());
  return async () => {
    pages.take(await pages.read());
    for (let had = 0; pages.cursor && !isOlder() && pages.items.length < MOST_TESTS; await pages.next()) {
      if (pages.items.length === had) break;
      had = pages.items.length;
    }
    return { tests: [...pages.items], isCut: Boolean(pages.cursor) && !isOlder() };
  };
}

// Whether the account was not connected at all before the first test that found it connected: it was added since the
// oldest day, and all its tests are here.
const isNew = (account, isCut, now) => !isCut && Date.parse(account.created_at) >= beginning(now);

// To a tenth, rounded down: an account that broke once was not connected all the time.
const SHARE = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 1 });

function shareOf(times) {
  const found = uptime(times);
  if (!found) return [t.health.nothing];
  const days = Math.floor(found.known / DAY_MS);
  const isWaiting = times.some(({ outcome }) => outcome === "notThereYet");
  return [
    t.health.connected(SHARE.format(found.share)),
    days ? t.health.known(days) : t.health.lessThanADay,
    ...(isWaiting ? [t.health.notCounted] : []),
  ];
}

function drawRibbon(target, times, isCut, now) {
  const [days, said] = [daysOf(times, now), shareOf(times)];
  const isOpen = target.querySelector("details")?.open;
  // What a test finds again draws nothing anew.
  render(target, [days, said, isCut], () => {
    const { format } = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium" });
    const title = t.health.title(DAYS_BACK);
    const wordFor = (state) => wordOf(t.health.states, state);
    const states = Object.keys(t.health.states).filter((each) => days.some(({ state }) => state === each));
    return section(
      title,
      { note: t.health.text },
      h("p", { class: "health-share" }, h("strong", {}, said[0]), " ", said.slice(1).join(" ")),
      h(
        "div",
        { class: "ribbon", role: "img", "aria-label": `${title}: ${said.join(" ")}` },
        days.map(({ day, state }) => bar(state, t.health.day(format(day), wordFor(state)))),
      ),
      h("p", { class: "ribbon-ends muted small" }, h("span", {}, format(days[0].day)), h("span", {}, t.health.today)),
      h(
        "ul",
        { class: "legend small" },
        states.map((state) => h("li", {}, bar(state), h("span", {}, wordFor(state)))),
      ),
      isCut && h("p", { class: "small" }, t.health.cut),
      h(
        "details",
        { class: "step-detail", open: isOpen },
        h("summary", {}, t.health.table),
        dataTable(
          title,
          [t.health.days, t.health.state, t.health.count],
          runsOf(days).map(({ from, to, state, days: count }) => [
            from === to ? format(from) : `${format(from)} – ${format(to)}`,
            wordFor(state),
            number(count),
          ]),
        ),
      ),
    );
  });
}

const bar = (state, title = null) => h("span", { class: `ribbon-day ribbon-${state}`, title });

// Some of them, and a button for more: each is many elements. What is drawn stays.
function breaksIn(target) {
  const [list, more] = [h("ul", {}), h("div", { class: "more" })];
  let count = BREAKS_AT_ONCE;
  /** @type {[any[], any]} */
  let latest;
  const showMore = () => {
    const before = list.children.length;
    count += BREAKS_AT_ONCE;
    draw(...latest);
    focusOn(list.children[before]);
  };
  return draw;

  function draw(breaks, account) {
    latest = [breaks, account];
    const items = breaks.slice(0, count).map((each) => ({
      key: each.later?.verification_id ?? each.ended,
      shown: [
        ...[each.earlier, each.mended].map((test) => test?.verification_id),
        ...[each.later && outcomeOf(each.later, account), each.mended?.outcome, isRevoked(account)],
      ],
      row: () => (each.later ? breakRow(each, account) : endRow(each, account)),
    }));
    keyed(
      list,
      items,
      ({ key }) => key,
      ({ row }) => row(),
    );
    render(more, breaks.length > count, (isMore) => isMore && button(t.actions.showMore, { onclick: showMore }));
    render(target, breaks.length > 0, (isAny) =>
      section(t.health.breaks, {}, isAny ? [list, more] : h("p", { class: "muted" }, t.health.noBreaks)),
    );
  }
}

const breakHead = (badge, began, mended) =>
  h(
    "p",
    { class: "break-head" },
    badge,
    h(
      "span",
      {},
      began,
      mended
        ? [
            ` ${t.health.until} `,
            when(mended.started_at, { exact: true }),
            mended.outcome !== "confirmed" && t.health.then[mended.outcome],
          ]
        : `; ${t.health.open}`,
    ),
  );

// Who did it is in the audit trail.
function endRow({ ended, mended }, account) {
  const isOfNow = !mended && isRevoked(account);
  return h(
    "li",
    { class: "break" },
    breakHead(statusBadge("unconfirmed"), t.health.ended(utcDate(ended - 1)), mended),
    h("p", { class: "small" }, isOfNow ? t.health.revoked : t.health.endedByPerson),
    h("a", { href: `#/accounts/${account.account_id}/audit` }, t.account.tabs.audit),
  );
}

function breakRow({ earlier, later, mended }, account) {
  const segmentOf = (test) => api.segment(test.verification_id);
  const began = when(later.started_at, { exact: true });
  return h(
    "li",
    { class: "break" },
    breakHead(outcomeBadge(outcomeOf(later, account)), began, mended),
    earlier ? whatChanged(earlier, later) : h("p", { class: "muted small" }, t.health.atFirst),
    earlier &&
      h(
        "a",
        {
          href: `#/accounts/${account.account_id}/tests/${segmentOf(later)}/since/${segmentOf(earlier)}`,
        },
        t.tests.whatChanged,
        srOnly(` ${t.tests.between(began.textContent)}`),
      ),
  );
}

// What is not as it should be since: refused steps first, then regions, and no step that was not tried for that reason.
function whatChanged(earlier, later) {
  const { different, regions } = compared(earlier, later);
  const worse = different.filter(
    ({ after }) => after && after.verdict !== "skipped" && (!after.ok || after.verdict === "partial"),
  );
  const isRefused = ({ after }) => after.ok === false;
  const all = [
    ...worse.filter(isRefused).map(stepLine),
    ...regions.filter(({ after }) => after.status !== "reachable").map(regionLine),
    ...worse.filter((each) => !isRefused(each)).map(stepLine),
  ];
  if (!all.length) return h("p", { class: "small" }, t.health.noneWorse);
  const more = all.length - CHANGES_SHOWN;
  return h(
    "ul",
    { class: "plain-list small" },
    all
      .slice(0, CHANGES_SHOWN)
      .map(([name, before, after, why]) =>
        h("li", {}, t.health.change(name, before, after), why && h("span", { class: "muted" }, ` · ${why}`)),
      ),
    more > 0 && h("li", { class: "muted" }, t.health.more(more)),
  );
}

const stepLine = ({ before, after }) => [
  ...[nameOf(after), before ? verdictWord(before) : t.tests.notTested, verdictWord(after)],
  stepReason(after),
];

const regionLine = ({ region, before, after }) => [
  ...[region, regionWord(before).toLowerCase(), regionWord(after).toLowerCase()],
  regionWhy(after),
];
