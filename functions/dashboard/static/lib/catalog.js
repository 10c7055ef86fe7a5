// The permission catalog: the steps of a test, and which groups are optional.
import * as api from "./api.js";
import { ageing } from "./elapsed.js";
import { retryAfter } from "./problem.js";

// After a failed read, the catalog is not requested again for this long.
const AFTER_FAILURE_MS = 5_000;

/** Reads the catalog once per view. The next view may meet another deployment. @param {AbortSignal} signal */
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
 * Returns a function that gives the groups of the catalog, empty until it is there. Nothing waits for it.
 * @param {AbortSignal} signal @param {() => void} onCome called when the catalog is there
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
