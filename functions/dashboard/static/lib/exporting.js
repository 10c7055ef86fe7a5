// A list as one CSV file. The API sends it in parts, of which only the first has the line of names.
import * as api from "./api.js";

/** Its lines. A line end within quotes belongs to a cell. @param {string} text @returns {string[]} */
const linesOf = (text) => text.match(/(?:"[^"]*"|[^"\r])*\r\n/g) ?? [];

/** The cursor to which a Link header leads. @param {string | null} link */
const cursorOf = (link) => link && new URLSearchParams(link.slice(2, link.indexOf(">"))).get("cursor");

/**
 * Reads all accounts of a selection, or only these of them. `onPart`: how many there are so far. `missed`: how many of
 * these were not found.
 * @param {Record<string, string>} selection @param {(count: number) => void} onPart @param {AbortSignal} signal
 * @param {Set<string> | null} [ids]
 * @returns {Promise<{parts: string[], count: number, missed: number}>}
 */
export async function readAll(selection, onPart, signal, ids) {
  const left = ids && new Set(ids);
  const seen = new Set();
  // An account that moves meanwhile may come in two parts. Its id is the first column.
  const isWanted = (line) => {
    const id = line.slice(0, line.indexOf(","));
    return left ? left.delete(id) : seen.size < seen.add(id).size;
  };
  const parts = [];
  /** @type {string | null} */
  let cursor = null;
  let count = -1;
  do {
    const query = { ...selection, cursor };
    const answer = await api.getWithHeaders("/v1/accounts", { query, signal, headers: { accept: "text/csv" } });
    const lines = linesOf(answer.body).filter((line, index) => (count < 0 && !index) || isWanted(line));
    parts.push(lines.join(""));
    count += lines.length;
    onPart(count);
    cursor = left?.size === 0 ? null : cursorOf(answer.link);
  } while (cursor);
  return { parts, count, missed: left?.size ?? 0 };
}
