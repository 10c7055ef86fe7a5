// Reads the units of an AWS Organization. Apart from the tree itself, which needs no API.
import * as api from "./api.js";
import { treeOf } from "./units.js";

/** The units of an enrollment's members, all pages. @param {string} id @param {AbortSignal} signal */
export async function readUnits(id, signal) {
  const items = [];
  let cursor = null;
  do {
    const page = await api.get(`/v1/enrollments/${api.segment(id)}/units`, { query: { cursor }, signal });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return treeOf(items);
}
