// The permissions of an account by region, as its last test found them, and what each is known from.
import * as api from "../lib/api.js";
import { announce, fill, h, render, uniqueId } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { fixOf } from "../lib/findings.js";
import { icon } from "../lib/icons.js";
import { fixFor, mapOf, regionRemedy, restsOn, STATES } from "../lib/permission-map.js";
import { withCursor } from "../lib/pictures.js";
import { isMissing } from "../lib/problem.js";
import { drawer } from "../lib/slices.js";
import { iconButton, issuesOf, notice, section } from "../lib/ui.js";
import { groupText, t } from "./texts.js";
import { base, isOfNow, nameOf, stepRow } from "./tests.js";

// Shapes differ, so that no meaning depends on colour.
const MARKS = {
  proved: ["good", "check"],
  predicted: ["predicted", "check"],
  partial: ["partial", "half"],
  denied: ["optional", "cross"],
  refusedElsewhere: ["elsewhere", "cross"],
  unknown: ["open", "question"],
  none: ["skipped", "dash"],
};

const mark = (state) => {
  const [kind, name] = MARKS[state];
  return h("span", { class: `map-mark step-${kind}` }, h("span", { class: "step-mark" }, icon(name)));
};

/** The test that the map shows: the last one with a verdict. Null if there is none, or if it is kept no more. */
export async function lastTest(account, signal) {
  const last = account.verification?.verification_id;
  if (!last) return null;
  return api.get(`${base(account.account_id)}/${api.segment(last)}`, { signal }).catch((problem) => {
    if (isMissing(problem)) return null;
    throw problem;
  });
}

/**
 * Returns what draws the map in the target, in short tasks, with the cell that was chosen and the cursor where they
 * were. `policy`: the catalog's document, null if it could not be read.
 * @param {Element} target @param {AbortSignal} signal
 * @returns {(of: {test: any, account: any, policy: any}) => Promise<unknown>}
 */
export function mapIn(target, signal) {
  /** The step and region of the cell whose evidence is shown, and of that under the cursor. @type {any} */
  const places = {};
  const drawn = drawer(target, signal);
  const scrollers = () => [...target.querySelectorAll(".map-scroll, .map-evidence")];
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  let signature;
  return ({ test, account, policy }) => {
    const issues = issuesOf(account);
    const isNow = Boolean(test) && isOfNow(test, account);
    const shown = [test, isNow, issues, account.access_type, Boolean(policy)];
    if (signature === JSON.stringify(shown)) return last;
    signature = JSON.stringify(shown);
    function* steps() {
      const content = yield* drawingOf({ test, account, policy, isNow, issues, places });
      const scrolled = scrollers().map(({ scrollLeft, scrollTop }) => ({ scrollLeft, scrollTop }));
      render(target, shown, () => content);
      scrollers().forEach((each, index) => Object.assign(each, scrolled[index]));
    }
    return (last = drawn(steps()));
  };
}

function* drawingOf({ test, account, policy, isNow, issues, places }) {
  const { regions, groups } = test ? mapOf(test, account) : { regions: [], groups: [] };
  const rows = groups.flatMap((group) => group.rows);
  const said = whyNone(test, rows);
  const evidence = h("div", { class: "map-evidence" });
  const show = ({ row, column }) => {
    const { step, cells } = rows[row];
    // What is not true now needs no fix.
    const fix = isNow ? fixFor(step, cells[column], issues, policy) : null;
    const remedy = isNow && regionRemedy(cells[column], issues);
    fill(
      evidence,
      iconButton(t.actions.close, "cross", { onclick: close }),
      evidenceOf(step, cells[column], regions[column], { account, isNow, fix, remedy }),
    );
  };
  const close = () => {
    places.chosen = null;
    drawn?.select(null);
    evidence.replaceChildren();
    drawn?.table.focus({ preventScroll: true });
  };
  const onkeydown = (event) => {
    if (event.key !== "Escape" || !places.chosen) return;
    event.preventDefault();
    close();
  };
  const placeOf = ({ row, column }) => ({ step: rows[row].step.step, region: regions[column].region });
  // As high as the window at most, so that the heads of the regions come with any cell.
  const onMove = (at) => {
    Object.assign(places, { cursor: placeOf(at) });
    drawn?.toMark(at);
    frame.scrollIntoView({ block: "nearest" });
  };
  const onPress = (at) => {
    Object.assign(places, { cursor: placeOf(at), chosen: placeOf(at) });
    show(at);
    const { step, cells } = rows[at.row];
    announce(t.map.cell(nameOf(step), cells[at.column].region, t.map.states[cells[at.column].state]));
    evidence.scrollTop = 0;
    // The evidence has taken room from the map.
    drawn?.toMark(at);
    evidence.scrollIntoView({ block: "nearest" });
  };
  const find = (place) => {
    const row = rows.findIndex(({ step }) => step.step === place?.step);
    const column = regions.findIndex(({ region }) => region === place?.region);
    return row >= 0 && column >= 0 ? { row, column } : null;
  };
  const drawn = said ? null : yield* grid(regions, groups, { onMove, onPress });
  const frame = h("div", { class: "map-frame", onkeydown }, drawn?.node, evidence);
  // The reader may have moved while this was drawn.
  const [chosen, cursor] = [find(places.chosen), find(places.cursor)];
  if (drawn && cursor) drawn.put(cursor);
  if (drawn && chosen) {
    drawn.select(chosen);
    show(chosen);
  }
  return section(
    t.map.title,
    { note: t.map.text },
    test && h("p", { class: "muted small" }, t.map.of, " ", testLink(account, test), "."),
    test && !isNow && notice("info", h("p", {}, t.map.then)),
    drawn ? [legend(rows), h("div", { class: "map-place" }, frame)] : h("p", {}, said),
  );
}

const testLink = ({ account_id: id }, test) =>
  h(
    "a",
    { href: `#/accounts/${id}/tests/${api.segment(test.verification_id)}` },
    when(test.started_at, { exact: true }),
  );

function whyNone(test, rows) {
  if (!test) return t.map.noTest;
  if (!rows.length) return t.map.nothing;
  return rows.every(({ step }) => step.reason === "not_entered") && t.reasons.not_entered;
}

// One row a step.
function* grid(regions, groups, { onMove, onPress }) {
  /** @type {HTMLElement[][]} */
  const cells = [];
  const choose = (at) => {
    put(at);
    select(at);
    onPress(at);
  };
  const table = h(
    "table",
    { class: "map", role: "grid", tabindex: "0", "aria-label": t.map.title },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col" }, t.map.permission),
        regions.map(({ region }) => h("th", { scope: "col" }, h("span", { class: "map-region" }, region))),
      ),
    ),
  );
  for (const { group, rows } of groups) {
    const text = h("span", {}, groupText(group).title);
    const title = h("th", { colspan: regions.length + 1, scope: "rowgroup" }, text);
    const body = h("tbody", {}, h("tr", {}, title));
    table.append(body);
    for (const { step, cells: found } of rows) {
      const row = cells.length;
      const name = nameOf(step);
      cells.push(
        found.map(({ region, state }, column) => {
          const label = t.map.cell(name, region, t.map.states[state]);
          const onclick = () => choose({ row, column });
          const attributes = { role: "gridcell", id: uniqueId("cell"), "aria-label": label, title: label, onclick };
          return h("td", { ...attributes, "aria-selected": "false" }, mark(state));
        }),
      );
      const code = name !== step.step && h("code", {}, step.step);
      body.append(h("tr", {}, h("th", { scope: "row" }, h("span", {}, name), code), cells[row]));
      yield;
    }
  }
  const put = withCursor(table, cells, { onMove, onPress: choose });
  const select = (at) => {
    cells.flat().forEach((cell) => cell.setAttribute("aria-selected", "false"));
    if (at) cells[at.row][at.column].setAttribute("aria-selected", "true");
  };
  // A row may be higher than the room that large texts leave.
  const toMark = (at) => {
    cells[at.row][at.column].scrollIntoView({ block: "nearest", inline: "nearest" });
    cells[at.row][at.column].firstElementChild?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  return { node: h("div", { class: "map-scroll" }, table), table, put, select, toMark };
}

function legend(rows) {
  const shown = new Set(rows.flatMap(({ cells }) => cells.map(({ state }) => state)));
  return h(
    "ul",
    { class: "legend small" },
    STATES.filter((state) => shown.has(state)).map((state) =>
      h(
        "li",
        {},
        mark(state),
        h("span", {}, t.map.states[state], ":", h("span", { class: "muted" }, ` ${t.map.means[state]}`)),
      ),
    ),
  );
}

// The step of the test, what follows from it here, what to do, and what to copy.
function evidenceOf(step, cell, health, { account, isNow, fix, remedy }) {
  const row = restsOn(step, cell) && stepRow(step, true, account);
  for (const each of row ? row.querySelectorAll(".step-remedy") : []) each.hidden = !isNow;
  return h(
    "section",
    { "aria-label": t.map.evidence },
    h("h3", {}, mark(cell.state), t.map.cell(nameOf(step), cell.region, t.map.states[cell.state])),
    h("p", {}, whyOf(step, cell, health)),
    remedy && h("p", {}, h("strong", {}, `${t.account.remedy} `), remedy),
    row && h("ul", { class: "test-steps" }, row),
    fix && [(fix.policy_statement || fix.cli || fix.terraform) && h("h4", {}, t.map.fix), fixOf(fix)],
    fix?.policy_statement &&
      h(
        "p",
        { class: "small" },
        t.map.whole,
        " ",
        h("a", { href: `#/accounts/${account.account_id}/instructions` }, t.account.tabs.instructions),
      ),
  );
}

function whyOf(step, { region, why, named }, { reason }) {
  const { whys } = t.map;
  if (why === "named") return whys.named(named.length);
  // What was tried of resources elsewhere is no answer about the region in which it was asked.
  if (why === "carried") return step.region && step.region !== region ? whys.carriedFrom(step.region) : whys.carried;
  if (why === "elsewhere") return whys.elsewhere(step.region ?? "");
  if (why === "refused") return whys.refused(t.regions.reasons[reason] ?? "");
  if (why === "skipped") return t.reasons[step.reason] ?? t.tests.skippedSteps;
  return why === "policy" ? t.tests.predictedText : whys[why];
}
