// Warns of a duplicate name. Two accounts may share a name, but rarely on purpose.
import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { NAME } from "./patterns.js";
import { t } from "../views/texts.js";

/** Finds an account that fits and whose name or number starts with `q`. Null if the search fails: it is only a help. */
export const find = (q, fits) =>
  api.get("/v1/accounts", { query: { q, limit: 100 } }).then(
    ({ items }) => items.find(fits),
    (problem) => {
      if (problem.name === "AbortError") throw problem;
      return null;
    },
  );

/**
 * Warns if another account has the name. `warns`: call it before saving; true if it warns of this name for the first
 * time. After the warning, the name may be used.
 * @param {HTMLInputElement} input
 * @param {(account: any) => boolean} isOwn whether this account may have the name
 */
export function sameName(input, isOwn) {
  const warning = h("p", { class: "field-warning", role: "status" });
  let warnedOf = "";
  const warns = async () => {
    const wanted = input.value.trim();
    if (wanted === warnedOf) return false;
    const isSame = (account) => !isOwn(account) && account.name.toLowerCase() === wanted.toLowerCase();
    const there = NAME.test(wanted) && (await find(wanted, isSame));
    if (input.value.trim() !== wanted) return false;
    warnedOf = there ? wanted : "";
    fill(warning, there && [icon("warning"), h("span", {}, t.newAccount.nameTaken(there.name, there.provider_id))]);
    return Boolean(there);
  };
  input.addEventListener("blur", () => warns().catch(() => {}));
  return { warning, warns };
}
