// The permissions of an account by region, as its last test found them, and what each is known from.
import * as api from "../lib/api.js";
import { announce, fill, h, render, uniqueId } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { fixOf } from "../lib/findings.js";
import { icon } from "../lib/icons.js";
import { fixFor, mapOf, STATES } from "../lib/permission-map.js";
import { withCursor } from "../lib/pictures.js";
import { isMissing } from "../lib/problem.js";
import { issuesOf, notice, section } from "../lib/ui.js";
import { groupText, t } from "./texts.js";
import { base, isOfNow, nameOf, stepRow } from "./tests.js";

// Shapes differ, so that no meaning depends on colour.
const MARKS = {
  proved: ["good", "check"],
  predicted: ["predicted", "check"],
  partial: ["partial", "half"],
  denied: ["optional", "cross"],
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
 * Draws it in the target, with what was chosen before. `policy`: the catalog's document, null if it could not be read.
 * @param {Element} target @param {{test: any, account: any, policy: any, chosen: {step?: string, region?: string}}} of
 */
export function drawMap(target, { test, account, policy, chosen }) {
  const issues = issuesOf(account);
  const isNow = Boolean(test) && isOfNow(test, account);
  render(target, [test, isNow, issues, account.access_type, Boolean(policy)], () => {
    const { regions, groups } = test ? mapOf(test, account) : { regions: [], groups: [] };
    const rows = groups.flatMap((group) => group.rows);
    const said = whyNone(test, rows);
    const evidence = h("div", { class: "map-evidence" });
    const show = ({ step, cells }, column) => {
      const cell = cells[column];
      Object.assign(chosen, { step: step.step, region: cell.region });
      // What is not true now needs no fix.
      const fix = isNow ? fixFor(step, cell, issues, policy) : null;
      fill(evidence, evidenceOf(step, cell, regions[column], { account, isNow, fix }));
    };
    const before = {
      row: rows.findIndex(({ step }) => step.step === chosen.step),
      column: regions.findIndex(({ region }) => region === chosen.region),
    };
    const isThere = before.row >= 0 && before.column >= 0;
    if (isThere) show(rows[before.row], before.column);
    const press = ({ row, column }) => {
      show(rows[row], column);
      const { step, cells } = rows[row];
      announce(t.map.cell(nameOf(step), cells[column].region, t.map.states[cells[column].state]));
      evidence.scrollIntoView({ block: "nearest" });
    };
    return section(
      t.map.title,
      { note: t.map.text },
      test && h("p", { class: "muted small" }, t.map.of, " ", testLink(account, test), "."),
      test && !isNow && notice("info", h("p", {}, t.map.then)),
      said ? h("p", {}, said) : [grid(regions, groups, press, isThere ? before : null), legend(rows), evidence],
    );
  });
}

const testLink = ({ account_id: id }, test) =>
  h(
    "a",
    { href: `#/accounts/${id}/tests/${api.segment(test.verification_id)}` },
    when(test.finished_at ?? test.started_at, { exact: true }),
  );

function whyNone(test, rows) {
  if (!test) return t.map.noTest;
  if (!rows.length) return t.map.nothing;
  return rows.every(({ step }) => step.reason === "not_entered") && t.reasons.not_entered;
}

// `chosen`: the cell whose evidence is shown, null for none.
function grid(regions, groups, onPress, chosen) {
  const rows = groups.flatMap((group) => group.rows);
  const cells = rows.map(({ step, cells: row }, at) =>
    row.map(({ region, state }, column) => {
      const label = t.map.cell(nameOf(step), region, t.map.states[state]);
      const onclick = () => choose({ row: at, column });
      const attributes = { role: "gridcell", id: uniqueId("cell"), "aria-label": label, title: label, onclick };
      return h("td", { ...attributes, "aria-selected": "false" }, mark(state));
    }),
  );
  const select = (at) => {
    cells.flat().forEach((cell) => cell.setAttribute("aria-selected", "false"));
    cells[at.row][at.column].setAttribute("aria-selected", "true");
  };
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
    groups.map((group) =>
      h(
        "tbody",
        {},
        h("tr", {}, h("th", { colspan: regions.length + 1, scope: "rowgroup" }, groupText(group.group).title)),
        group.rows.map((row) =>
          h(
            "tr",
            {},
            h(
              "th",
              { scope: "row" },
              h("span", {}, nameOf(row.step)),
              nameOf(row.step) !== row.step.step && h("code", {}, row.step.step),
            ),
            cells[rows.indexOf(row)],
          ),
        ),
      ),
    ),
  );
  const put = withCursor(table, cells, { onPress: choose });
  if (chosen) {
    put(chosen);
    select(chosen);
  }
  return h("div", { class: "map-scroll" }, table);
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
        h("span", {}, t.map.states[state], h("span", { class: "muted" }, ` ${t.map.means[state]}`)),
      ),
    ),
  );
}

// The step of the test, what follows from it here, and what to copy.
function evidenceOf(step, cell, health, { account, isNow, fix }) {
  const row = stepRow(step, true, account);
  for (const remedy of row.querySelectorAll(".step-remedy")) remedy.hidden = !isNow;
  return h(
    "section",
    { "aria-label": t.map.evidence },
    h("h3", {}, mark(cell.state), t.map.cell(nameOf(step), cell.region, t.map.states[cell.state])),
    h("p", {}, whyOf(step, cell, health)),
    h("ul", { class: "test-steps" }, row),
    fix && [h("h4", {}, t.map.fix), fixOf(fix)],
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

function whyOf(step, { why, named }, { reason }) {
  const { whys } = t.map;
  if (why === "named") return whys.named(named.length);
  if (why === "carried") return step.region ? whys.carriedFrom(step.region) : whys.carried;
  if (why === "elsewhere") return whys.elsewhere(step.region ?? "");
  if (why === "refused") return whys.refused(t.regions.reasons[reason] ?? "");
  if (why === "skipped") return t.reasons[step.reason] ?? t.tests.skippedSteps;
  return why === "policy" ? t.tests.predictedText : whys[why];
}
