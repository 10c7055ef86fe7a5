// The units of an AWS Organization as a tree, with how many members are in each, by state.

/** In the order in which they are shown. */
export const MEMBER_STATES = ["connected", "role_missing", "problem", "excluded", "suspended", "closed"];

/**
 * `own`: the members in the unit itself. `all`: also those in the units below it.
 * @typedef {Record<string, number>} Totals
 * @typedef {{id: string, name: string, own: Totals, all: Totals, below: Unit[]}} Unit
 */

/**
 * The roots. A unit may be in several items, which add up.
 * @param {{ou_ids: string[], ou_path: string, totals: Totals}[]} items
 * @returns {{roots: Unit[], byId: Map<string, Unit>}}
 */
export function treeOf(items) {
  /** @type {Map<string, Unit>} */
  const byId = new Map();
  /** @type {Unit[]} */
  const roots = [];
  for (const { ou_ids: ids, ou_path: path, totals } of items) {
    const names = namesOf(ids, path);
    let beside = roots;
    let unit;
    for (const [depth, id] of ids.entries()) {
      unit = byId.get(id);
      if (!unit) {
        unit = { id, name: "", own: {}, all: {}, below: [] };
        byId.set(id, unit);
        beside.push(unit);
      }
      unit.name ||= names[depth];
      add(unit.all, totals);
      beside = unit.below;
    }
    if (unit) add(unit.own, totals);
  }
  for (const unit of byId.values()) unit.name ||= unit.id;
  for (const units of [roots, ...[...byId.values()].map(({ below }) => below)])
    units.sort((a, b) => a.name.localeCompare(b.name));
  return { roots, byId };
}

// A name may contain a slash. Then only the whole path is known.
function namesOf(ids, path) {
  const names = path.split("/");
  return names.length === ids.length ? names : ids.map((_, depth) => (depth === ids.length - 1 ? path : ""));
}

function add(totals, more) {
  for (const [state, count] of Object.entries(more)) totals[state] = (totals[state] ?? 0) + count;
}

/** How many there are in this state; in all of them without one. @param {Totals} totals */
export const countOf = (totals, state = "") =>
  state ? (totals[state] ?? 0) : Object.values(totals).reduce((sum, count) => sum + count, 0);

/** How many of them should be connected, and are. @param {Totals} totals */
export function progressOf(totals) {
  const connected = countOf(totals, "connected");
  return { connected, wanted: connected + countOf(totals, "role_missing") + countOf(totals, "problem") };
}
