// A text field with a file, or a long text, in its place: a browser lays out all lines of a field in one task.
import { fill, focused, h, uniqueId } from "./dom.js";
import { asOneText } from "./pasted.js";
import { button } from "./ui.js";
import { t } from "../views/texts.js";

// What is laid out in some 10 ms.
const LONG = { lines: 1_000, characters: 100_000 };

/**
 * The text of the field, and what stands in its place. `isWhole`: the text of the field is part of it.
 * @typedef {{text: string, inPlace: {name: string, text: string, isWhole?: boolean} | null}} Content
 */

/** @type {Content} */
export const NOTHING = { text: "", inPlace: null };

/** @param {string} text */
const linesOf = (text) => text.trimEnd().split(/\r\n?|\n/).length;
const isLong = (text) => text.length > LONG.characters || linesOf(text) > LONG.lines;

/** The text that counts. @param {Content} content */
export const textIn = ({ text, inPlace }) => inPlace?.text ?? text;

/**
 * The text above what there is, each read as before.
 * @param {string} above @param {Content} content @returns {Content}
 */
export function withAbove(above, content) {
  if (!above) return content;
  const { text, inPlace } = content;
  const whole = asOneText(above, textIn(content));
  if (!inPlace && !isLong(whole)) return { text: whole, inPlace };
  return { text, inPlace: { name: t.addMany.rests, text: whole, isWhole: inPlace?.isWhole ?? true } };
}

/**
 * `node` stands beside the input. `read` and `show` are for what is there.
 * @param {HTMLTextAreaElement} input @param {() => void} onChange
 */
export function textOrFile(input, onChange) {
  const node = h("div", { class: "in-place" });
  /** @type {Content["inPlace"]} */
  let inPlace = null;
  const read = () => ({ text: input.value, inPlace });

  /** @param {Content} content @param {Content["inPlace"]} [removed] what can be put back */
  function show(content, removed = null) {
    const had = focused(input) || focused(node);
    inPlace = content.inPlace;
    input.hidden = Boolean(inPlace);
    if (input.value !== content.text) input.value = content.text;
    const id = uniqueId("in-place");
    const put = (next, before) => () => show({ text: input.value, inPlace: next }, before);
    if (inPlace)
      fill(
        node,
        h("p", { id }, h("strong", {}, inPlace.name), " ", t.addMany.lines(linesOf(inPlace.text))),
        button(t.addMany.remove, { "aria-describedby": id, onclick: put(null, inPlace) }),
      );
    else fill(node, removed && button(t.addMany.putBack(removed.name), { onclick: put(removed) }));
    if (had) (inPlace ? node.querySelector("button") : input).focus();
    onChange();
  }

  // The browser undoes what it has pasted itself.
  node.addEventListener("keydown", (event) => {
    if (!inPlace || event.key !== "z" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    show({ text: input.value, inPlace: null }, inPlace);
  });
  input.addEventListener("beforeinput", (event) => {
    const { data, inputType } = /** @type {InputEvent} */ (event);
    if (!data || !["insertFromPaste", "insertFromDrop"].includes(inputType)) return;
    const { value, selectionStart, selectionEnd } = input;
    const text = value.slice(0, selectionStart) + data + value.slice(selectionEnd);
    if (!isLong(text)) return;
    event.preventDefault();
    show({ text: value, inPlace: { name: t.addMany.pasted, text, isWhole: true } });
  });
  return { node, read, show };
}
