// A question with a few answers, all of them visible.
import { h, uniqueId } from "./dom.js";

/**
 * @param {{name: string, label: string, help?: string, value: string, className?: string, options: {value: string,
 *   title: string, text?: string, tag?: string, disabled?: boolean, onchange?: () => void}[]}} options
 */
export function choice({ name, label, help, options, value, className = "" }) {
  return h(
    "fieldset",
    { class: `field choice ${className}`, "data-field": name },
    h("legend", {}, label),
    help && h("p", { class: "help" }, help),
    h(
      "div",
      { class: "choice-options" },
      options.map((option) => {
        const optionId = uniqueId("option");
        return h(
          "div",
          { class: `option ${option.disabled ? "option-disabled" : ""}` },
          h("input", {
            type: "radio",
            name,
            id: optionId,
            value: option.value,
            checked: option.value === value,
            disabled: option.disabled ?? false,
            "aria-describedby": option.text && `${optionId}-text`,
            onchange: option.onchange,
          }),
          h("label", { for: optionId }, option.title, option.tag && h("span", { class: "tag" }, option.tag)),
          option.text && h("p", { class: "help", id: `${optionId}-text` }, option.text),
        );
      }),
    ),
    h("p", { class: "field-error", "aria-live": "polite" }),
  );
}
