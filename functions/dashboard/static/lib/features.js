// What this stack offers, by its own description: a section whose resource is not in the OpenAPI
// document is not shown, instead of being shown broken.
import * as api from "./api.js";

let known = null;

const plain = (path) => path.replace(/\{[^}]*\}/g, "{}");

async function paths() {
  try {
    const document = await api.get("/openapi.json");
    return new Set(Object.keys(document?.paths ?? {}).map(plain));
  } catch {
    // Not knowing is no reason to hide anything. Asked again next time.
    known = null;
    return null;
  }
}

export async function has(path) {
  known ??= paths();
  const all = await known;
  return all === null || all.has(plain(path));
}
