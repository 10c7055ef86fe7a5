// A number that a person types before something that nobody can take back.
import { h } from "./dom.js";
import { field } from "./ui.js";

/**
 * Its field, and a check that throws at the field unless this number was typed. Spaces, hyphens and other separators do
 * not count.
 * @param {string} label @param {string} mismatch what is said of another number
 */
export function typedNumber(label, mismatch) {
  const input = h("input", {
    type: "text",
    class: "input mono",
    inputmode: "numeric",
    autocomplete: "off",
    spellcheck: "false",
  });
  /** @param {string | number} wanted */
  const check = (wanted) => {
    if (input.value.replace(/[\s\p{P}]/gu, "") !== String(wanted))
      throw { status: 422, errors: [{ field: "number", message: mismatch }] };
  };
  return { node: field({ name: "number", label, input }), check };
}
