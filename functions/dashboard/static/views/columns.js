// Which columns the list of accounts has, and what is in those that it has only if somebody chooses them. The address
// names them if they are not the usual ones. The name is always there.
import * as api from "../lib/api.js";
import { fill, h, srOnly } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { styled } from "../lib/pictures.js";
import { t } from "./texts.js";

/** In their order, each with the rem that it needs. The name has what is left, and this at least. */
const ROOM = {
  name: 8,
  status: 8,
  account: 7.5,
  capabilities: 10.625,
  template_version: 6.125,
  write_logs: 2.75,
  regions: 6,
  enrollment_id: 6,
  tested: 6.875,
  next_verification_at: 6,
  created_at: 6,
  next: 5.5,
  test: 2,
};
const NAMES = Object.keys(ROOM);
// Each has a line of its own. Of more, the last line says how many.
const REGIONS_SHOWN = 2;
// On both sides of a row, as in style.css.
const SIDES = 1.5;
// Between columns: as in style.css, and less where others are chosen too.
const gapOf = (columns) => (columns.some((name) => name in t.columns.others) ? 0.5 : 0.75);

/**
 * The columns that a text names, in their order. Without one that is known: the usual ones.
 * @param {string} text @param {string[]} usual
 */
export function columnsIn(text, usual) {
  const named = text.split(/\W+/);
  const known = NAMES.filter((name) => named.includes(name));
  return known.length ? [...new Set(["name", ...known])] : usual;
}

/** The names in a text of which no column is. @param {string} text */
export const unknownIn = (text) =>
  text
    .split(/\W+/)
    .filter((name) => name && !NAMES.includes(name))
    .join(" ");

/** What the address says of these columns: "" for the usual ones. @param {string[]} columns @param {string[]} usual */
export const namedBy = (columns, usual) => (String(columns) === String(usual) ? "" : columns.join(" "));

/** The rem that a row of these columns needs. @param {string[]} columns */
export const roomOf = (columns) =>
  columns.reduce((sum, name) => sum + ROOM[name], SIDES + gapOf(columns) * (columns.length - 1));

export const head = (name) => t.columns.others[name];

/**
 * Puts their choice here. Returns the columns that the address names.
 * @param {Element} place
 * @param {{table: HTMLElement, usual: string[], named: string,
 *   onChoice: (columns: string[], named: string) => void}} list
 */
export async function columnChoice(place, { table, usual, named, onChoice }) {
  // The sheet needs them at once.
  fit(table, usual, usual);
  await styled("columns");
  const choose = (text) => {
    const columns = columnsIn(text, usual);
    for (const [name, box] of boxes) box.checked = columns.includes(name);
    fit(table, columns, usual);
    return columns;
  };
  const change = (text) => {
    const columns = choose(text);
    onChoice(columns, namedBy(columns, usual));
  };
  const onchange = () => change(`name ${boxes.flatMap(([name, { checked }]) => (checked ? name : []))}`);
  const boxes = NAMES.slice(1).map((name) => /** @type {const} */ ([name, h("input", { type: "checkbox", onchange })]));
  fill(
    place,
    h(
      "fieldset",
      {},
      h("legend", { class: "sr-only" }, t.list.chooseColumns),
      boxes.map(([name, box]) =>
        h("label", { class: "checkbox" }, box, h("span", {}, t.list.columns[name] ?? head(name))),
      ),
    ),
    h(
      "p",
      { class: "muted small" },
      t.columns.lines,
      " ",
      h("button", { type: "button", class: "link", onclick: () => change("") }, t.columns.usual),
    ),
  );
  return choose(named);
}

// The styles of the list follow from these.
function fit({ style }, columns, usual) {
  style.setProperty(
    "--columns",
    columns.map((name) => (name === "name" ? `minmax(${ROOM.name}rem, 1fr)` : `${ROOM[name]}rem`)).join(" "),
  );
  style.setProperty("--gap", `${gapOf(columns)}rem`);
  style.setProperty("--room", String(roomOf(columns)));
  style.setProperty("--lines", String(columns.filter((name) => !usual.includes(name)).length));
  style.setProperty("--second-lines", String(Number(columns.includes("regions"))));
}

/** What a row has in a column that is not a usual one, with its name for where it has no head. */
export const cell = (name, account) => [
  h("span", { class: "cell-caption-of" }, `${head(name)}: `),
  CONTENT[name](account),
];

const CONTENT = {
  template_version: ({ template }) => (template ? t.columns.version(template.version, template.outdated) : t.list.none),
  write_logs: ({ write_logs: isOn }) => (isOn ? t.yes : t.no),
  regions: ({ regions = [] }) => {
    if (!regions.length) return t.list.none;
    const shown = regions.slice(0, regions.length > REGIONS_SHOWN ? 1 : REGIONS_SHOWN);
    const others = regions.slice(shown.length);
    return h(
      "span",
      { class: "regions-of", title: regions.join(", ") },
      shown.map((region, at) => h("span", {}, at > 0 && srOnly(", "), region)),
      others.length > 0 && [
        h("span", { "aria-hidden": "true" }, t.columns.moreRegions(others.length)),
        srOnly(`, ${others.join(", ")}`),
      ],
    );
  },
  enrollment_id: ({ enrollment_id: id, name }) =>
    id
      ? h(
          "a",
          {
            href: `#/enrollments/${api.segment(id)}`,
            "data-part": "enrollment",
            "aria-label": t.columns.enrollmentOf(name),
          },
          t.columns.enrolled,
        )
      : t.list.none,
  next_verification_at: ({ next_verification_at: at }) => (at ? when(at, { kind: "due" }) : t.list.none),
  created_at: ({ created_at: at }) => when(at),
};
