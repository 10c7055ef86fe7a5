// A text field with a file, or a long text, in its place: a browser lays out all lines of a field in one task.
import { fill, focused, h, uniqueId } from "./dom.js";
import { asOneText, reading, textOf } from "./pasted.js";
import { inSlices } from "./slices.js";
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

// Excel writes a CSV in an encoding of Windows, and "Unicode Text" in UTF-16.
/** The text of a file. @param {ArrayBuffer} bytes */
export function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const [first, second] = new Uint8Array(bytes);
    return new TextDecoder(first === 0xff && second === 0xfe ? "utf-16le" : "windows-1252").decode(bytes);
  }
}

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

/** @param {Content} above @param {Content} below @returns {Content} */
export const onTop = (above, below) => (textIn(below) ? withAbove(textIn(above), below) : above);

/** What is the same of a line that was corrected. @param {import("./pasted.js").Line} line */
export const keyOf = ({ account, source }) => account?.provider_id ?? source;

/**
 * The content without the lines of these accounts, and the keys of the others.
 * @param {Content} content @param {{provider_id: string}[]} created
 * @returns {Promise<{content: Content, keys: Set<string>}>}
 */
export async function withoutAdded({ text, inPlace }, created) {
  const added = new Set(created.map(({ provider_id: number }) => number));
  const keys = new Set();
  const without = async (each) => {
    const lines = (await inSlices(reading(each), new AbortController().signal)) ?? [];
    const left = lines.filter((line) => line.error !== "twice" && !added.has(keyOf(line)));
    for (const line of left) keys.add(keyOf(line));
    return left.length < lines.length ? textOf(left) : each;
  };
  const rest = inPlace && (await without(inPlace.text));
  return { content: { text: await without(text), inPlace: rest ? { ...inPlace, text: rest } : null }, keys };
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
