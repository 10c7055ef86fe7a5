// Two accounts may have one name, but hardly on purpose.
import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "../views/texts.js";

export const NAME = /^[A-Za-z0-9]{1,64}$/;

/** The account whose name or number starts so and that fits. None if the search fails: this only helps. */
export const find = (q, fits) =>
  api.get("/v1/accounts", { query: { q, limit: 100 } }).then(
    ({ items }) => items.find(fits),
    (problem) => {
      if (problem.name === "AbortError") throw problem;
      return null;
    },
  );

/**
 * Warns of a name that another account has. `warns`: asked for before saving; whether it warns of this name for the
 * first time. After the warning it may be used.
 * @param {HTMLInputElement} input
 * @param {(account: any) => boolean} isOwn tells the account that may have it
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
