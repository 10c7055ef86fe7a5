// Bulk operations: what is asked of the API, and following one until it is over.
import * as api from "./api.js";

/**
 * @typedef {{account_id: string, name: string | null, problem: {title?: string, detail?: string}}} Failure
 * @typedef {{operation_id: string, action: string, value: boolean | null, state: string, total: number, done: number,
 *   skipped: number, failed: Failure[], failed_total: number}} Operation
 * What is chosen: these accounts, or all that a listing selects.
 * @typedef {{ids: Set<string>, isAll: boolean}} Chosen
 */

// As the API has it.
export const MOST_NAMED = 500;
const ASKED_AGAIN_AFTER_MS = 1_000;

const READ = { has_problems: (text) => text === "true", template_version: Number };

/**
 * A selection of the list as a filter of the API: all of it but the order, so that no filter of the list is lost.
 * @param {Record<string, string>} selection
 */
export const filterOf = (selection) =>
  Object.fromEntries(
    Object.entries(selection)
      .filter(([name, text]) => name !== "sort" && text)
      .map(([name, text]) => [name, READ[name]?.(text) ?? text]),
  );

/** @param {Chosen} chosen @param {Record<string, string>} selection */
export const selectionOf = ({ ids, isAll }, selection) =>
  isAll ? { filter: filterOf(selection) } : { account_ids: [...ids] };

/** How many accounts a selection has, without doing anything. */
export const count = async (selection, action = "test") =>
  (await api.post("/v1/accounts/bulk", { action, selection, dry_run: true })).total;

/** @returns {Promise<{operation_id: string, total: number}>} */
export const begin = (request) => api.post("/v1/accounts/bulk", request, { key: api.newKey() });

/**
 * Asks how far an operation is until it is over, or the view is left. `wait` ends by itself.
 * @param {string} id @param {(operation: Operation) => void} onRead
 * @param {{signal: AbortSignal, wait: (milliseconds: number) => Promise<unknown>}} during
 */
export async function follow(id, onRead, { signal, wait }) {
  for (;;) {
    const operation = await api.get(`/v1/operations/${api.segment(id)}`, { signal });
    onRead(operation);
    if (operation.state !== "running") return operation;
    await wait(ASKED_AGAIN_AFTER_MS);
  }
}

/**
 * The request that takes write_logs back: of those accounts alone that had the other value before.
 * @param {{action: string, value?: boolean}} request @param {string[]} changed
 */
export const undone = ({ action, value }, changed) =>
  action === "write_logs" && changed.length > 0 ? { action, value: !value, selection: { account_ids: changed } } : null;
