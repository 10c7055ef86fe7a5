// The field for an account's regions, and the regions that are known. The first view does not load it.
import { fill, h, uniqueId } from "./dom.js";
import { button, field, iconButton, setError } from "./ui.js";
import { t } from "../views/texts.js";

const REGION = /^[a-z]{2,3}(-[a-z]+)+-\d$/;
export const KNOWN_REGIONS = [
  "af-south-1",
  "ap-east-1",
  "ap-east-2",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-northeast-3",
  "ap-south-1",
  "ap-south-2",
  "ap-southeast-1",
  "ap-southeast-2",
  "ap-southeast-3",
  "ap-southeast-4",
  "ap-southeast-5",
  "ap-southeast-6",
  "ap-southeast-7",
  "ca-central-1",
  "ca-west-1",
  "eu-central-1",
  "eu-central-2",
  "eu-north-1",
  "eu-south-1",
  "eu-south-2",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "il-central-1",
  "me-central-1",
  "me-south-1",
  "mx-central-1",
  "sa-east-1",
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
];

/**
 * A list of regions as text. It suggests known regions and accepts any.
 * `text`: what was typed and not added yet.
 * @param {{value: string[], text?: string, help: string, optional?: boolean, onchange?: () => void}} options
 */
export function regionsField({ value, text = "", help, optional, onchange = () => {} }) {
  const chosen = [...value];
  const options = uniqueId("regions");
  const input = h("input", {
    type: "text",
    class: "input",
    list: options,
    value: text,
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: "none",
  });
  const chips = h("ul", { class: "chips region-chips", "aria-label": t.regionsField.chosen });
  const wrap = field({
    name: "regions",
    label: t.regionsField.label,
    help,
    optional,
    input,
    after: button(t.actions.add, { onclick: () => add() }),
  });
  const draw = () =>
    fill(
      chips,
      chosen.map((region) =>
        h(
          "li",
          { class: "chip chip-region" },
          region,
          iconButton(t.regionsField.remove(region), "cross", {
            onclick: () => {
              chosen.splice(chosen.indexOf(region), 1);
              changed();
              input.focus();
            },
          }),
        ),
      ),
    );
  const changed = () => {
    draw();
    onchange();
  };
  const add = () => {
    const names = input.value
      .toLowerCase()
      .split(/[\s,;]+/)
      .filter(Boolean);
    const wrong = names.find((name) => !REGION.test(name));
    setError(wrap.parentNode, "regions", wrong ? t.regionsField.notARegion(wrong) : "");
    if (wrong) return false;
    for (const name of names) if (!chosen.includes(name)) chosen.push(name);
    input.value = "";
    changed();
    return true;
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && input.value) {
      event.preventDefault();
      add();
    }
  });
  wrap.append(
    h(
      "datalist",
      { id: options },
      KNOWN_REGIONS.map((name) => h("option", { value: name })),
    ),
    chips,
  );
  draw();
  return {
    node: wrap,
    chosen: () => [...chosen],
    text: () => input.value,
    read: () => (input.value && !add() ? null : [...chosen]),
  };
}
