// The permission catalog: the steps of a test, and which groups are optional.
import * as api from "./api.js";

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
