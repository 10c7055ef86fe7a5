// Problems that accounts share, from as many answers of the API as were read.

/**
 * @typedef {{account_id: string, name: string, provider_id: string}} Affected
 * @typedef {Record<string, string | null>} Fix
 * @typedef {{cause: string, code: string, message: string, remedy: string, fix: Fix | null, differing?: string[],
 *   accounts: Affected[]}} Shared `differing`: the parts of a fix that accounts have, but not all the same
 */

const PARTS = ["policy_statement", "cli", "terraform", "console_url", "stack_url"];

/**
 * Each cause once, that of most accounts first. `accountsRead`: how many accounts with problems were read.
 * `isAll`: whether these are all.
 * @param {{accounts_read: number, items: Shared[], next_cursor: string | null}[]} answers in their order
 * @param {(id: string) => boolean} [isGone] whether an account was deleted since
 * @returns {{accountsRead: number, isAll: boolean, items: Shared[]}}
 */
export function joined(answers, isGone = () => false) {
  /** @type {Map<string, {item: Shared, accounts: Map<string, Affected>}>} */
  const found = new Map();
  for (const each of answers.flatMap(({ items }) => items)) {
    const there = each.accounts.filter(({ account_id: id }) => !isGone(id));
    if (!there.length) continue;
    const known = found.get(each.cause);
    const accounts = known?.accounts ?? new Map();
    // An account that changed its status meanwhile may be in two answers.
    for (const one of there) if (!accounts.has(one.account_id)) accounts.set(one.account_id, one);
    found.set(each.cause, { item: known ? both(known.item, each) : each, accounts });
  }
  const items = [...found.values()].map(({ item, accounts }) => ({ ...item, accounts: [...accounts.values()] }));
  return {
    accountsRead: answers.reduce((count, answer) => count + answer.accounts_read, 0),
    isAll: !answers.at(-1)?.next_cursor,
    items: items.sort((a, b) => b.accounts.length - a.accounts.length),
  };
}

/**
 * The same, with the causes that are shown in the places where they are, before those that are new.
 * @template {{items: Shared[]}} Found @param {Found} shown @param {Found} found @returns {Found}
 */
export function inOrderOf(shown, found) {
  const places = new Map(shown.items.map(({ cause }, index) => [cause, index]));
  const placeOf = ({ cause }) => places.get(cause) ?? places.size;
  return { ...found, items: found.items.toSorted((one, other) => placeOf(one) - placeOf(other)) };
}

function both(one, two) {
  const differs = (name) => (one.fix?.[name] ?? null) !== (two.fix?.[name] ?? null);
  return {
    ...one,
    fix: inCommon(one.fix, two.fix),
    differing: PARTS.filter((name) => [one, two].some((each) => each.differing?.includes(name)) || differs(name)),
  };
}

// What can be copied must be right for every account.
function inCommon(one, two) {
  if (!one || !two) return null;
  const parts = Object.entries(one).map(([name, value]) => [name, value === two[name] ? value : null]);
  return parts.some(([, value]) => value) ? Object.fromEntries(parts) : null;
}
