// Tests of one account: running, finished, the history, and the changes between two tests.
import * as api from "../lib/api.js";
import { groupsOf } from "../lib/catalog.js";
import { ENTRY, TRUST } from "../lib/connecting.js";
import { announce, fill, h, keyed, render, srOnly } from "../lib/dom.js";
import { when } from "../lib/format.js";
import {
  issueList,
  partOf,
  regionList,
  regionMark,
  regionWhy,
  regionWord,
  resourceList,
  someLeftOut,
} from "../lib/findings.js";
import { icon } from "../lib/icons.js";
import { duration } from "../lib/later-formats.js";
import { startTest } from "../lib/testing.js";
import { copyable } from "../lib/copying.js";
import {
  changeButton,
  issuesOf,
  notice,
  problemsOf,
  section,
  skeleton,
  spinner,
  statusBadge,
  toast,
} from "../lib/ui.js";
import { keptTrue, pagedList, READ_EVERY_MS } from "../lib/watched.js";
import { wordOf } from "../texts.js";
import { groupText, t } from "./texts.js";
import { conditionOf, frame, isNewestOf, outcomeOf } from "./account.js";

const LIVE_EVERY_MS = 700;
const PAGE_SIZE = 25;

export const base = (id) => `/v1/accounts/${api.segment(id)}/verifications`;
const link = (id, test) => `#/accounts/${api.segment(id)}/tests/${api.segment(test)}`;

// ---- one test --------------------------------------------------------------------------------

export function one(context) {
  const { params } = context;
  return frame(context, "tests", (body, handle) => {
    const { signal } = handle;
    const board = new Board(handle.account(), params.test);
    const path = `${base(handle.id)}/${api.segment(params.test)}`;
    // Without the catalog, finished steps still appear, but not the pending ones.
    const groups = groupsOf(signal, () => board.test && board.draw(board.test, groups()));
    const read = async () => {
      groups();
      const test = await api.get(path, { signal });
      // The account says what the end of a test means. If it cannot be read now, a later read shows it. Only a test
      // that ends in view waits for it, because its outcome is announced.
      if (hasEnded(test) && !board.hasEnded()) {
        const refreshed = handle.refresh().catch(() => {});
        if (board.isRunning()) await refreshed;
      }
      return test;
    };
    const draw = (test) => {
      board.draw(test, groups());
      return board.node;
    };
    handle.onChange((account) => board.drawAccount(account));
    // An ended test is read again, because it counts later tests with the same findings.
    const test = keptTrue(body, read, draw, {
      signal,
      pauseOf: () => (board.isRunning() ? LIVE_EVERY_MS : READ_EVERY_MS),
      placeholder: () => skeleton(8),
      onMissing: () => [
        notice("warning", h("p", {}, t.tests.missing)),
        h("p", {}, h("a", { href: `#/accounts/${handle.id}/tests` }, t.tests.all)),
      ],
    });
    handle.shows(test);
  });
}

const hasEnded = (test) => test.state !== "running";

class Board {
  constructor(account, id) {
    this.account = account;
    this.id = id;
    this.test = null;
    this.head = h("div", { class: "test-head card" });
    this.wrong = h("div", {});
    // Two fixed columns, so that nothing moves sideways while steps arrive.
    this.left = h("div", { class: "stack" });
    this.right = h("div", { class: "stack" });
    this.groups = h("div", { class: "test-groups" }, this.left, this.right);
    this.regions = h("div", {});
    this.foot = h("p", { class: "row-links" });
    this.node = h("div", { class: "stack" }, this.head, this.wrong, this.groups, this.regions, this.foot);
    this.said = 0;
  }

  isRunning() {
    return Boolean(this.test) && !hasEnded(this.test);
  }

  hasEnded() {
    return Boolean(this.test) && hasEnded(this.test);
  }

  draw(test, catalogGroups) {
    const wasRunning = this.isRunning();
    this.test = test;
    const running = this.isRunning();
    const steps = test.steps ?? [];
    const awaited = running ? this.awaited(steps, catalogGroups) : [];
    // Until the catalog is there, the number of steps is unknown.
    this.total = running && !catalogGroups.length ? null : steps.length + awaited.length;
    this.drawHead();
    const health = test.region_health ?? [];
    render(
      this.regions,
      health,
      () =>
        health.length > 0 &&
        section(
          t.account.regions,
          {},
          regionList(
            health.map(({ region }) => region),
            health,
          ),
          someLeftOut(health) && h("p", { class: "muted small" }, t.regions.leftOut),
        ),
    );
    const required = new Map(catalogGroups.map((group) => [group.group, group.required]));
    const named = new Set([...catalogGroups, ...steps].map(({ group }) => group));
    const groups = [...named]
      .map((group) => ({
        group,
        optional: group !== "trust" && required.get(group) !== true,
        rows: [...steps.filter((step) => step.group === group), ...awaited.filter((step) => step.group === group)],
      }))
      .filter(({ rows }) => rows.length);
    for (const entry of groups) {
      const node = this.groupCard(entry);
      // Keeps the heading, because a screen reader may be there.
      const [, tag, summary] = node.firstChild.children;
      tag.hidden = !entry.optional;
      render(tag, entry.optional ? t.tests.optional : "", (said) => said);
      render(summary, this.total === null ? "" : groupSummary(entry.rows), (said) => said);
      // The catalog may come after the steps, and changes how they look.
      const rows = entry.rows.map((step) => ({ ...step, optional: entry.optional }));
      keyed(node.querySelector(".test-steps"), rows, keyOf, (step) => stepRow(step, step.optional, this.account));
    }
    for (const node of this.groups.querySelectorAll("[data-group]"))
      if (!groups.some(({ group }) => group === node.dataset.group)) node.remove();
    const done = steps.length;
    if (running && done >= this.said + 5) {
      this.said = done;
      announce(t.tests.progress(done));
    }
    this.drawAccount(this.account);
    if (!running && wasRunning) announce(t.tests.outcomeSaid(wordOf(t.outcome, outcomeOf(test, this.account))));
  }

  // A group that was skipped as a whole is one line that opens.
  groupCard({ group, rows }) {
    const old = this.groups.querySelector(`[data-group="${group}"]`);
    const { title, text } = groupText(group);
    const node = old ?? h("section", { class: "card test-group", "data-group": group, "aria-label": title });
    if (!old) this.columnOf(group).append(node);
    const steps = node.querySelector(".test-steps") ?? h("ul", { class: "test-steps" });
    const skipped = rows.every(({ verdict }) => verdict === "skipped");
    node.classList.toggle("is-skipped", skipped);
    render(node, skipped, () => [
      h(
        "header",
        { class: "card-head" },
        h("h2", {}, title),
        h("span", { class: "tag" }),
        h("span", { class: "muted small" }),
      ),
      skipped
        ? h("details", {}, h("summary", {}, t.reasons[rows[0].reason] ?? t.tests.skippedSteps), steps)
        : [h("p", { class: "muted small" }, text), steps],
    ]);
    return node;
  }

  // Left: entering the account. Right: its capabilities. Below both: log writing.
  columnOf(group) {
    if (group === "logs") return this.groups;
    return group in (this.account.capabilities ?? {}) ? this.right : this.left;
  }

  awaited(steps, catalogGroups) {
    const seen = new Set(steps.map((step) => step.step));
    const expected = [];
    for (const group of catalogGroups) {
      if (group.group === "logs" && !this.account.write_logs) continue;
      const actions =
        group.group === "trust"
          ? this.account.access_type === "assume_role"
            ? ENTRY
            : TRUST.access_key
          : group.actions.map(({ action }) => action);
      for (const action of actions)
        if (!seen.has(action)) expected.push({ step: action, group: group.group, verdict: "waiting", ok: null });
    }
    return expected;
  }

  drawHead() {
    const { test, total, account } = this;
    const steps = test.steps ?? [];
    const running = this.isRunning();
    const outcome = outcomeOf(test, account);
    const said = steps.some(isOpenDoor) ? "openToOthers" : outcome;
    const { outcomeText: now, outcomeThen: then } = t.tests;
    const means = (isTrueNow(test, account) ? now : then)[said] ?? now[said];
    render(this.head, [outcome, means, steps.length, total, test.unchanged], () => [
      h(
        "div",
        { class: "test-outcome" },
        h("span", { class: "test-badge" }, outcomeBadge(outcome)),
        h(
          "p",
          { class: "muted small" },
          wordOf(t.tests.trigger, test.trigger),
          " · ",
          when(test.started_at, { exact: true }),
          test.finished_at && [
            " · ",
            t.tests.took(duration(Date.parse(test.finished_at) - Date.parse(test.started_at))),
          ],
        ),
      ),
      running
        ? h("progress", {
            class: "bar",
            ...(total !== null && { max: String(total || 1), value: steps.length }),
            "aria-label": t.tests.progress(steps.length),
          })
        : h("p", { class: "test-says" }, means),
      foundAgain(test),
      test.execution_arn &&
        h(
          "p",
          { class: "small" },
          t.tests.execution,
          " ",
          copyable(test.execution_arn, t.actions.copyThis(t.tests.execution)),
        ),
    ]);
  }

  // Draws what depends on the current account: whether this is its newest test, and what is wrong.
  drawAccount(account) {
    this.account = account;
    if (!this.hasEnded()) return;
    // Issues that were found after this test are not its findings.
    const isFound = isOfNow(this.test, account) || outcomeOf(this.test, account) === "notThereYet";
    const issues = isFound ? issuesOf(account) : [];
    this.drawHead();
    // Hides remedies of outdated findings: nobody needs another key for a key that was replaced.
    for (const remedy of this.groups.querySelectorAll(".step-remedy")) remedy.hidden = !isFound;
    this.wrong.hidden = !issues.length;
    render(this.wrong, issues, () => {
      const title = problemsOf(account).length ? t.account.issues : t.account.information;
      return h("section", { class: "card", "aria-label": title }, h("h2", {}, title), issueList(issues));
    });
    render(this.foot, account.account_id, (id) => [
      changeButton(
        t.tests.again,
        { onclick: (event) => startTest(this.account, event.currentTarget), "data-part": "again" },
        "test",
      ),
      h("a", { href: `#/accounts/${id}/tests` }, t.tests.all),
      h("a", { href: `#/accounts/${id}` }, t.account.tabs.overview),
    ]);
  }
}

const isOpenDoor = ({ reason }) => reason === "confused_deputy";

// Whether what a test found is so now: another may have followed it, and the account may have changed since.
export const isOfNow = (test, account) =>
  isNewestOf(account, test) && (test.outcome ?? account.status) === account.status;
const isTrueNow = (test, account) => isOfNow(test, account) && conditionOf(account) !== "logsOff";

// A test has one verdict per step. The region is no part of the key, because it is unknown until the step ends.
const keyOf = ({ step }) => step;

function groupSummary(rows) {
  const done = rows.filter((row) => row.verdict !== "waiting");
  const partly = done.filter((row) => row.verdict === "partial").length;
  const good = done.filter((row) => row.ok === true && row.verdict !== "partial").length;
  const skipped = done.filter((row) => row.verdict === "skipped").length;
  if (done.length < rows.length) return t.tests.doneOf(done.length, rows.length);
  if (skipped === rows.length) return t.verdicts.skipped;
  const tried = rows.length - skipped;
  const said = good === tried ? t.tests.allGood(good) : t.tests.goodOf(good, tried);
  return said + (partly ? t.tests.partly(partly) : "");
}

// The icons of outcomes that are not statuses.
const OUTCOME_ICONS = { aborted: "dash", notThereYet: "question", finished: "question" };

export function outcomeBadge(outcome) {
  if (outcome === "running") return h("span", { class: "status testing" }, spinner(), h("span", {}, t.tests.running));
  if (!OUTCOME_ICONS[outcome]) return statusBadge(outcome);
  return h(
    "span",
    { class: "status status-unconfirmed" },
    h("span", { class: "status-mark" }, icon(OUTCOME_ICONS[outcome])),
    h("span", {}, t.outcome[outcome]),
  );
}

function markOf(step, optional) {
  if (step.verdict === "waiting") return ["waiting", "ring"];
  if (step.verdict === "skipped") return ["skipped", "dash"];
  if (step.verdict === "partial") return ["partial", "half"];
  if (step.ok === true) return ["good", "check"];
  if (step.ok === false) return optional ? ["optional", "warning"] : ["bad", "cross"];
  return ["open", "question"];
}

/** What a step is called: the IAM action, if it has no other name. */
export const nameOf = ({ step }) => t.trustSteps[step]?.title ?? wordOf(t.permissionNames, step);

export function verdictWord(step) {
  const trust = t.trustSteps[step.step];
  if (trust?.verdicts?.[step.verdict]) return trust.verdicts[step.verdict];
  return wordOf(t.verdicts, step.verdict);
}

/** Why it failed or is not certain; of a verdict that stands, why it is not about more. */
export function stepReason({ ok, reason }) {
  if (ok && reason === "error") return t.tests.someUnanswered;
  return reason ? wordOf(t.reasons, reason) : "";
}

export function stepRow(step, optional, account) {
  const [kind, mark] = markOf(step, optional);
  const plain = t.trustSteps[step.step]?.title ?? t.permissionNames[step.step];
  const reason = stepReason(step);
  const remedy = step.ok === false ? remedyFor(step, account) : "";
  return h(
    "li",
    { class: `test-step step-${kind}` },
    h("span", { class: "step-mark" }, step.verdict === "waiting" ? icon("ring") : icon(mark)),
    h(
      "div",
      { class: "step-main" },
      h(
        "p",
        { class: "step-title" },
        plain && h("span", {}, plain),
        !step.step.startsWith("trust:") && h("code", {}, step.step),
        step.region && h("span", { class: "tag" }, step.region),
        step.evidence === "policy" &&
          h(
            "span",
            { class: "tag", title: t.tests.predictedText },
            t.tests.predicted,
            srOnly(`. ${t.tests.predictedText}`),
          ),
      ),
      [reason, proofOf(step)].filter(Boolean).map((text) => h("p", { class: "step-reason" }, text)),
      resourceList(step),
      remedy && h("p", { class: "step-remedy" }, h("strong", {}, `${t.account.remedy} `), remedy),
      answerOf(step),
    ),
    h(
      "span",
      { class: "step-verdict" },
      step.verdict === "waiting" ? t.tests.waiting : verdictWord(step),
      // A step that shares the request of another step took no time of its own.
      step.duration_ms > 0 &&
        step.verdict !== "skipped" &&
        h("span", { class: "muted small" }, duration(step.duration_ms)),
    ),
  );
}

// "DBInstanceNotFound" beside "allowed" looks like a contradiction. It is the proof.
function proofOf({ verdict, evidence, error_code: code }) {
  if (verdict !== "allowed" || evidence !== "live" || !code) return "";
  return t.tests.proofs[code.replace(/(Fault|Exception)$/, "")] ?? t.tests.proofs.other;
}

// AWS's own message, which comes with its error code. A message without a code is ours. A skipped step shows it as its
// reason already.
function answerOf({ step, verdict, error_code: code, detail }) {
  if (!code && (!detail || verdict === "skipped")) return null;
  return h(
    "details",
    { class: "step-detail" },
    h("summary", {}, code ? t.tests.exact : t.tests.note, srOnly(` ${step}`)),
    h("p", { class: code ? "aws-answer" : "" }, code && h("code", {}, code), code && detail && ": ", detail),
  );
}

function remedyFor(step, account) {
  const make = t.remedies[step.reason] ?? t.remedies.unstated;
  return make(step.step, account.access_type === "assume_role" ? t.remedies.role : t.remedies.user);
}

// ---- history -----------------------------------------------------------------------------------

export function history(context) {
  return frame(context, "tests", (body, handle) => {
    const table = h("ul", { class: "history" });
    const compare = h("div", {});
    // The two tests that the reader has chosen.
    const chosen = {};
    const shown = (test) => ({ ...test, outcome: outcomeOf(test, handle.account()) });
    const fetchPage = async (cursor) => {
      const page = await api.get(base(handle.id), { query: { limit: PAGE_SIZE, cursor }, signal: handle.signal });
      // The account says what a failed newest test means. The page may have read the account before that test ended. If
      // this read fails, a later one shows it.
      const newest = !cursor && page.items.find(({ outcome }) => outcome);
      if (newest?.outcome === "failed" && !isNewestOf(handle.account(), newest)) await handle.refresh().catch(() => {});
      return page;
    };
    const tests = pagedList({
      signal: handle.signal,
      list: table,
      placeholder: () => skeleton(5),
      empty: h("li", { class: "empty-line" }, t.tests.none),
      newer: t.newer,
      fetchPage,
      keyOf: (test) => test.verification_id,
      isOpen: (test) => !hasEnded(test),
      // Each row links to its changes since the test before, which may be on the next page.
      onItems: (items, inSight) => {
        linkToEarlier(table, items, handle.id);
        render(compare, inSight.filter(hasEnded).map(shown), (ended) => compareTwo(ended, handle.id, chosen));
      },
      shown,
      renderItem: (test, before) => historyRow(test, handle.id, before),
    });
    handle.shows(tests);
    fill(
      body,
      h(
        "section",
        { class: "card", "aria-label": t.tests.all },
        h("header", { class: "card-head" }, h("h2", {}, t.tests.all), tests.newer),
        tests.node,
      ),
      compare,
    );
    const follow = following(handle.account(), tests.again);
    handle.onChange((account) => {
      if (!table.isConnected) return;
      tests.draw();
      follow(account);
    });
  });
}

/**
 * A test that starts or ends shows in the account sooner than in the list. Returns a function to call with the account.
 * It reads the list once for each change. If that fails, the list is read again at its usual interval.
 */
export function following(account, again) {
  const stateOf = ({ testing, verification: last }) => `${testing} ${last?.verification_id} ${last?.finished_at}`;
  let state = stateOf(account);
  return (now) => {
    if (stateOf(now) === state) return;
    state = stateOf(now);
    again().catch(() => {});
  };
}

// Scheduled tests with the same findings are counted, and not kept.
const foundAgain = ({ unchanged }) =>
  unchanged &&
  h("p", { class: "muted small found-again" }, t.tests.foundAgain(unchanged.tests), " ", when(unchanged.last_at), ".");

// The link to what changed is drawn once all rows are there, and stays with the focus.
function historyRow(test, id, before) {
  return h(
    "li",
    { class: "history-row", "data-test": test.verification_id },
    outcomeBadge(test.outcome),
    h("a", { href: link(id, test.verification_id) }, when(test.started_at, { exact: true })),
    h("span", { class: "muted" }, wordOf(t.tests.trigger, test.trigger)),
    before?.querySelector(".history-changes") ?? h("span", { class: "history-changes" }),
    foundAgain(test),
  );
}

function linkToEarlier(table, items, id) {
  for (const row of table.querySelectorAll("[data-test]")) {
    const at = items.findIndex((item) => item.verification_id === row.dataset.test);
    // What a running test will find is not known.
    const earlier = hasEnded(items[at]) && items[at + 1]?.verification_id;
    // Redrawn only when it changes, because it may have the focus.
    render(
      row.querySelector(".history-changes"),
      earlier,
      () =>
        earlier &&
        h(
          "a",
          { href: `${link(id, row.dataset.test)}/since/${api.segment(earlier)}`, "data-part": "changes" },
          t.tests.whatChanged,
          srOnly(` ${t.tests.between(row.querySelector("time").textContent)}`),
        ),
    );
  }
}

function compareTwo(items, id, chosen) {
  if (items.length < 3) return null;
  const selectOf = (name, byItself) => {
    const isListed = items.some((item) => item.verification_id === chosen[name]);
    const value = isListed ? chosen[name] : items[byItself].verification_id;
    return h(
      "select",
      {
        class: "input",
        "aria-label": t.tests[name],
        "data-part": name,
        onchange: () => Object.assign(chosen, { earlier: earlier.value, later: later.value }),
      },
      items.map((item) =>
        h(
          "option",
          { value: item.verification_id, selected: item.verification_id === value },
          when(item.started_at, { exact: true }).textContent,
          " · ",
          wordOf(t.outcome, item.outcome),
        ),
      ),
    );
  };
  const earlier = selectOf("earlier", 1);
  const later = selectOf("later", 0);
  return h(
    "section",
    { class: "card compare", "aria-label": t.tests.compareTwo },
    h("h2", {}, t.tests.compareTwo),
    h(
      "div",
      { class: "compare-fields" },
      h("span", { class: "compare-field" }, h("span", {}, t.tests.earlier), earlier),
      h("span", { class: "compare-field" }, h("span", {}, t.tests.later), later),
      h(
        "button",
        {
          type: "button",
          class: "button",
          onclick: () => {
            if (later.value === earlier.value) return toast(t.tests.compareNeedsTwo, "warning");
            location.hash = `${link(id, later.value)}/since/${api.segment(earlier.value)}`;
          },
        },
        t.tests.compare,
      ),
    ),
  );
}

// ---- what changed ----------------------------------------------------------------------------

export function changes(context) {
  return frame(context, "tests", (body, handle) => {
    const [{ params }, { signal }] = [context, handle];
    const fetchBoth = () =>
      Promise.all(
        [params.earlier, params.test].map((test) => api.get(`${base(handle.id)}/${api.segment(test)}`, { signal })),
      );
    const content = h("div", {});
    /** @type {any[] | undefined} */
    let tests;
    const draw = (found = tests) => {
      tests = found;
      const shown = tests?.map((test) => ({ ...test, outcome: outcomeOf(test, handle.account()) }));
      if (shown) render(content, shown, () => drawChanges(shown, handle.id));
      return content;
    };
    const both = keptTrue(body, fetchBoth, draw, {
      signal,
      placeholder: () => skeleton(6),
      onMissing: () => notice("warning", h("p", {}, t.tests.missing)),
    });
    handle.shows(both);
    const follow = following(handle.account(), both.again);
    handle.onChange((account) => {
      draw();
      follow(account);
    });
  });
}

const isSame = (before, after) =>
  before?.verdict === after?.verdict &&
  before?.reason === after?.reason &&
  before?.evidence === after?.evidence &&
  partOf(before ?? {}) === partOf(after ?? {});

/**
 * Two tests in the order of time, the steps whose verdicts differ, the number of the others, and the regions that
 * answered otherwise.
 */
export function compared(...tests) {
  const [earlier, later] = tests.toSorted((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at));
  const before = new Map(earlier.steps.map((step) => [keyOf(step), step]));
  const after = new Map(later.steps.map((step) => [keyOf(step), step]));
  const all = [...new Set([...after.keys(), ...before.keys()])];
  const different = all
    .map((key) => ({ before: before.get(key), after: after.get(key) }))
    .filter((pair) => !isSame(pair.before, pair.after));
  return { earlier, later, different, same: all.length - different.length, regions: regionsApart(earlier, later) };
}

// A region is not known of both tests if it was chosen in between, or if one is of before regions were kept.
function regionsApart({ region_health: earlier }, { region_health: later }) {
  if (!earlier?.length || !later?.length) return [];
  const before = new Map(earlier.map((each) => [each.region, each]));
  return later
    .map((after) => ({ region: after.region, before: before.get(after.region), after }))
    .filter(
      (each) => each.before && (each.before.status !== each.after.status || each.before.reason !== each.after.reason),
    );
}

function drawChanges(tests, id) {
  const { earlier, later, different, same, regions } = compared(...tests);
  /** @param {any[]} mark its kind, and the name of its icon @param {string} said @param {string} why */
  const side = ([kind, mark], said, why) =>
    h(
      "div",
      { class: `change-side step-${kind}` },
      h("span", { class: "step-mark" }, icon(mark)),
      h("div", {}, h("strong", {}, said), why && h("p", { class: "small muted" }, why)),
    );
  const stepSide = (step, optional) => {
    if (!step) return h("span", { class: "muted" }, t.tests.notTested);
    const reason = [partOf(step), stepReason(step)].filter(Boolean).join(" · ");
    return side(markOf(step, optional), verdictWord(step), reason);
  };
  const regionSide = (region) => side(regionMark(region), regionWord(region), regionWhy(region));
  const row = (title, before, after) =>
    h(
      "li",
      { class: "change" },
      h("p", { class: "step-title" }, title),
      before,
      icon("right"),
      srOnly(t.tests.then),
      after,
    );
  const head = (test, caption) =>
    h(
      "div",
      { class: "change-head" },
      h("p", { class: "muted small" }, caption),
      h("a", { href: link(id, test.verification_id) }, when(test.started_at, { exact: true })),
      outcomeBadge(test.outcome),
    );
  return h(
    "section",
    { class: "card", "aria-label": t.tests.whatChanged },
    h("header", { class: "card-head" }, h("h2", {}, t.tests.whatChanged)),
    h("div", { class: "change-heads" }, head(earlier, t.tests.earlier), icon("right"), head(later, t.tests.later)),
    !tests.every(hasEnded)
      ? h("p", {}, t.tests.notEnded)
      : different.length + regions.length === 0
        ? h("p", {}, t.tests.nothingChanged(same))
        : [
            h(
              "ul",
              { class: "changes" },
              different.map(({ before, after }) => {
                const step = after ?? before;
                const tried = new Set([before?.region, after?.region].filter(Boolean));
                const optional = !["trust"].includes(step.group);
                const title = [
                  t.trustSteps[step.step]?.title ?? t.permissionNames[step.step],
                  !step.step.startsWith("trust:") && h("code", {}, step.step),
                  [...tried].map((region) => h("span", { class: "tag" }, region)),
                ];
                return row(title, stepSide(before, optional), stepSide(after, optional));
              }),
              regions.map(({ region, before, after }) =>
                row(h("code", {}, region), regionSide(before), regionSide(after)),
              ),
            ),
            h("p", { class: "muted small" }, t.tests.unchanged(same)),
          ],
  );
}
