// The permission catalog, read once: the steps of a test, and which groups are optional.
import * as api from "./api.js";

/** @type {Promise<any> | undefined} */
let known;

export function catalog(signal) {
  known ??= api.get("/v1/permissions", { signal }).catch((error) => {
    known = undefined;
    throw error;
  });
  return known;
}
