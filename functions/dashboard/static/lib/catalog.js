// The permission catalog, asked for once: it says what a test will look at, and what is optional.
import * as api from "./api.js";

let known = null;

export function catalog(signal) {
  known ??= api.get("/v1/permissions", { signal }).catch((error) => { known = null; throw error; });
  return known;
}
