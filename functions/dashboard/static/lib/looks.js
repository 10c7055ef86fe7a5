// Lets the API look for the role of an account that waits for it, while somebody is there.
import * as api from "./api.js";
import { whileLookedAt } from "./dom.js";
import { stopwatch } from "./elapsed.js";
import { isMissing, Problem, retryAfter } from "./problem.js";
import * as session from "./session.js";
import * as store from "./store.js";
import { isConnected, isRevoked } from "./ui.js";

const SLOWLY_AFTER_MS = 5 * 60_000;
// The API does not enter an account more often.
const LOOK_EVERY_MS = 5_000;
// One request may travel this much faster than the one before.
const FASTER_BY_MS = 500;
const LOOK_SLOWLY_EVERY_MS = 30_000;
const LOOK_FOR_MS = 30 * 60_000;
// If two looks are so far apart, the computer slept between them.
const NO_LOOKING_MS = 60_000;

/** The fields that determine which role is looked for. */
export const leadsTo = ({ role_arn, regions, write_logs }) => JSON.stringify([role_arn, regions, write_logs]);

export const mayWait = (account) =>
  account.access_type === "assume_role" && !isConnected(account) && !isRevoked(account);

/**
 * Looks until the view is left. `onTurn`: called once the state has changed.
 * `state`: the API's state of its looks. "over": half an hour has passed. "none": the API has no looks. "": nobody
 * looks. `again`: looks for another half hour, from now on.
 * @param {any} handle of the account, as `frame` makes it
 * @param {() => Promise<any>} onTurn
 */
export function looksFor(handle, onTurn) {
  let looking = "";
  // How long looks were made, in milliseconds. Leaves out the time while they failed or others had their turn.
  let lookedFor = 0;
  // How long all looks failed or others had their turn, in milliseconds.
  let inVain = 0;
  let isSeenAgain = false;
  let sinceTurn = () => 0;
  let sinceLook = stopwatch();
  const roleOf = () => handle.account() && leadsTo(handle.account());
  // While the page was hidden, for example behind the AWS console, nobody looked.
  const seen = () => {
    if (document.visibilityState !== "visible") return;
    lookedFor = inVain = 0;
    isSeenAgain = true;
  };
  document.addEventListener("visibilitychange", seen, { signal: handle.signal });
  // `wait`: how long the API asks not to look, in milliseconds. `isFailing`: whether the freshness mark counts a
  // failed look.
  const looks = { wait: 0, isFailing: () => looking === "failed" };
  const turn = async () => {
    const before = looking;
    const role = roleOf();
    sinceLook = stopwatch();
    if (!role) return;
    // An API that had no looks may have been updated.
    const known = looking === "none" && isSeenAgain ? "" : looking;
    isSeenAgain = false;
    looking = await look(handle.account(), known, lookedFor, { looks, signal: handle.signal });
    const passed = sinceTurn();
    sinceTurn = stopwatch();
    // The role has changed meanwhile, so the answer is about another role.
    if (roleOf() !== role) return void (looking = "");
    if (before === "off" && looking !== before) lookedFor = 0;
    else if ((looking === "waiting" || looking === "off") && passed < NO_LOOKING_MS) lookedFor += passed;
    if (looking !== "failed" && looking !== "busy") inVain = 0;
    else if (passed < NO_LOOKING_MS) inVain += passed;
    if (looking !== before) await onTurn();
  };
  let first = true;
  const pauseOf = () => {
    const every = inVain > SLOWLY_AFTER_MS ? LOOK_SLOWLY_EVERY_MS : LOOK_EVERY_MS;
    // Counts from request to request, as the page says.
    const left = looking === "waiting" ? every + FASTER_BY_MS - sinceLook() : every;
    if (!first) return Math.max(left, looks.wait);
    first = false;
    return 0;
  };
  whileLookedAt(handle.signal, pauseOf, turn);
  let known = handle.account();
  handle.onChange((account) => {
    if (leadsTo(account) === leadsTo(known)) return;
    // The state is about another role.
    known = account;
    looking = "";
    lookedFor = 0;
  });
  return {
    state: () => looking,
    async again() {
      lookedFor = 0;
      await turn();
    },
  };
}

/**
 * Lets the API look for the role. `milliseconds`: how long it has looked already. Returns the API's state, or a state
 * without a look. After a failed look, it also looks while a test runs: that look may have marked the account as
 * under test without starting the execution.
 */
async function look(account, before, milliseconds, { looks, signal }) {
  if (before === "none") return before;
  if (!mayWait(account) || (account.testing && before !== "failed") || !session.current()?.canChange) return "";
  if (milliseconds > LOOK_FOR_MS) return before === "off" ? before : "over";
  const ask = () => api.look(`/v1/accounts/${api.segment(account.account_id)}/detection`, { signal });
  looks.wait = 0;
  try {
    return (await store.reading("looks", ask, signal, looks.isFailing)).answer.state;
  } catch (problem) {
    if (signal.aborted || isMissing(problem)) throw problem;
    // The gateway of an older API has no route for looks.
    if (problem instanceof Problem && problem.status === 404) return "none";
    looks.wait = retryAfter(problem);
    return "failed";
  }
}
