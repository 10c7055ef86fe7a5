// The permission catalog: the steps of a test, and which groups are optional.
import * as api from "./api.js";
import { ageing } from "./elapsed.js";
import { retryAfter } from "./problem.js";

// A catalog that could not be read is not asked for again before.
const AFTER_FAILURE_MS = 5_000;

/** Reads the catalog, once for a view: the next may be of another deployment. @param {AbortSignal} signal */
export function catalogOf(signal) {
  /** @type {Promise<any> | undefined} */
  let known;
  return () => {
    known ??= api.get("/v1/permissions", { signal }).catch((error) => {
      known = undefined;
      throw error;
    });
    return known;
  };
}

/**
 * Returns what says the groups of the catalog, none until it is there. Asking for it holds nothing back.
 * @param {AbortSignal} signal @param {() => void} onCome called when it is there
 */
export function groupsOf(signal, onCome) {
  const catalog = catalogOf(signal);
  /** @type {any[]} */
  let groups = [];
  let mayAsk = () => true;
  const read = async () => {
    mayAsk = () => false;
    try {
      ({ groups } = await catalog());
    } catch (problem) {
      const age = ageing();
      mayAsk = () => age() >= Math.max(AFTER_FAILURE_MS, retryAfter(problem));
      return;
    }
    onCome();
  };
  return () => {
    if (mayAsk()) read();
    return groups;
  };
}
