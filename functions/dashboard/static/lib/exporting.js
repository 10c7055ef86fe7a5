// A list as one CSV file. The API sends it in parts, of which only the first has the line of names.
import * as api from "./api.js";

/** How many lines these are. A line end within quotes belongs to a cell. @param {string} text */
const linesOf = (text) => (text.replace(/"[^"]*"/g, "").match(/\r\n/g) ?? []).length;

/** The cursor to which a Link header leads. @param {string | null} link */
const cursorOf = (link) => link && new URLSearchParams(link.slice(2, link.indexOf(">"))).get("cursor");

/**
 * Reads all accounts of a selection. `onPart`: how many there are so far.
 * @param {Record<string, string>} selection @param {(count: number) => void} onPart @param {AbortSignal} signal
 * @returns {Promise<{parts: string[], count: number}>}
 */
export async function readAll(selection, onPart, signal) {
  const parts = [];
  /** @type {string | null} */
  let cursor = null;
  let count = -1;
  do {
    const query = { ...selection, cursor };
    const answer = await api.getWithHeaders("/v1/accounts", { query, signal, headers: { accept: "text/csv" } });
    parts.push(answer.body);
    count += linesOf(answer.body);
    onPart(count);
    cursor = cursorOf(answer.link);
  } while (cursor);
  return { parts, count };
}
