// Pictures made of CSS grids: the style sheet that they alone need, a table behind each, and a keyboard's way through
// their cells. Only views that have one load it.
import { h } from "./dom.js";

/** @type {Map<string, Promise<any>>} */
const sheets = new Map();

/**
 * Loads their styles once, or another sheet. Where that fails, the words are there all the same, and the next view
 * tries again.
 */
export function styled(name = "pictures") {
  const sheet =
    sheets.get(name) ??
    new Promise((resolve) => {
      const onerror = () => {
        sheets.delete(name);
        link.remove();
        resolve(undefined);
      };
      const { href } = new URL(`../${name}.css`, import.meta.url);
      const link = h("link", { rel: "stylesheet", href, onload: resolve, onerror });
      document.head.append(link);
    });
  sheets.set(name, sheet);
  return sheet;
}

/** Places something in its track, from one part of a whole to another. Returns it. */
export function placed(node, from, to, whole) {
  node.style.left = `${(from / whole) * 100}%`;
  node.style.width = `${((to - from) / whole) * 100}%`;
  return node;
}

/**
 * Its roles are said because its style may take them away: it has no columns where it is narrow.
 * @param {any} caption @param {any[]} head @param {any[][]} rows the first cell of each is its heading
 */
export function dataTable(caption, head, rows) {
  const row = (...cells) => h("tr", { role: "row" }, cells);
  return h(
    "table",
    { class: "data-table small", role: "table" },
    h("caption", { class: "muted" }, caption),
    h("thead", { role: "rowgroup" }, row(head.map((text) => h("th", { scope: "col", role: "columnheader" }, text)))),
    h(
      "tbody",
      { role: "rowgroup" },
      rows.map(([heading, ...cells]) =>
        row(
          h("th", { scope: "row", role: "rowheader" }, heading),
          cells.map((cell, index) => h("td", { role: "cell", "data-head": head[index + 1] }, cell)),
        ),
      ),
    ),
  );
}

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * Makes a grid of cells one stop of the keyboard: arrow keys, Home and End move a cursor through them, which screen
 * readers follow (`aria-activedescendant`). The cells are no stops of their own, because there are hundreds.
 * @param {HTMLElement} grid has the role "grid" @param {HTMLElement[][]} cells have ids, row by row
 * @param {{onMove?: (at: {row: number, column: number}, before: {row: number, column: number}, event: any) => void,
 *   onPress: (at: {row: number, column: number}) => void}} options
 * @returns {(at: {row: number, column: number}) => void} puts the cursor there
 */
export function withCursor(grid, cells, { onMove = () => {}, onPress }) {
  let at = { row: 0, column: 0 };
  const within = (place, length) => Math.min(Math.max(place, 0), length - 1);
  const put = (to) => {
    cells[at.row][at.column].classList.remove("is-cursor");
    const row = within(to.row, cells.length);
    at = { row, column: within(to.column, cells[row].length) };
    const cell = cells[at.row][at.column];
    cell.classList.add("is-cursor");
    grid.setAttribute("aria-activedescendant", cell.id);
  };
  grid.addEventListener("keydown", (event) => {
    const { key, altKey, ctrlKey, metaKey } = event;
    // Those are the browser's: Alt and an arrow go back.
    if (altKey || ctrlKey || metaKey) return;
    const before = at;
    const [down, right] = MOVES[key] ?? [0, { Home: -Infinity, End: Infinity }[key]];
    if (right === undefined && key !== " " && key !== "Enter") return;
    event.preventDefault();
    if (right === undefined) return onPress(at);
    put({ row: at.row + down, column: at.column + right });
    cells[at.row][at.column].scrollIntoView({ block: "nearest", inline: "nearest" });
    onMove(at, before, event);
  });
  put(at);
  return put;
}
