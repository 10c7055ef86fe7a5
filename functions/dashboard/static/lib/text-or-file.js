// A text field with a file, or a long text, in its place: a browser lays out all lines of a field in one task.
import { fill, focused, focusOn, h, uniqueId } from "./dom.js";
import { second } from "./format.js";
import { asOneText, reading, textOf } from "./pasted.js";
import { breaksIn } from "./printed.js";
import { inSlices } from "./slices.js";
import { button } from "./ui.js";
import { t } from "../views/texts.js";

// Characters: some 10,000 lines of what AWS Organizations exports. Reading more would hold the page up.
export const LONGEST_TEXT = 1_500_000;
// What is laid out in some 10 ms.
const LONG = { lines: 1_000, characters: 100_000 };
// What is laid out in some 30 ms: only for whoever asks for it.
const LONGEST = { lines: 3_000, characters: 300_000 };

/**
 * The text of the field, what stands in its place, and what stood there before and can be put back. `holds`: the text
 * of the field that is part of it. `isRemoved`: by the person, who put nothing else there. `at`: when it was put aside.
 * @typedef {{name: string, text: string, holds?: string, isRemoved?: boolean, at?: number}} InPlace
 * @typedef {{text: string, inPlace: InPlace | null, aside: InPlace[]}} Content
 */

/** @type {Content} */
export const NOTHING = { text: "", inPlace: null, aside: [] };

/** A file that is a workbook and no text. */
export class Workbook extends Error {}

// How a file begins: a .xlsx is a ZIP file, a .xls one of OLE.
const WORKBOOK = /^(504b0304|d0cf11e0)/;
// By its mark; without one, half of a plain first sign is a zero.
const UTF_16 = [
  { begins: /^(feff|00)/, encoding: "utf-16be" },
  { begins: /^(fffe|..00)/, encoding: "utf-16le" },
];

// Excel writes a CSV in an encoding of Windows, and "Unicode Text" in UTF-16.
/** The text of a file. Throws a Workbook. @param {ArrayBuffer} bytes */
export function decoded(bytes) {
  const begin = Array.from(new Uint8Array(bytes.slice(0, 4)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (WORKBOOK.test(begin)) throw new Workbook();
  const utf16 = UTF_16.find(({ begins }) => begins.test(begin));
  if (utf16) return new TextDecoder(utf16.encoding).decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** @param {string} text */
const linesOf = (text) => breaksIn(text.trimEnd()) + 1;
const isLong = (text, { lines, characters } = LONG) => text.length > characters || linesOf(text) > lines;

/** The text that counts. @param {Content} content */
export const textIn = ({ text, inPlace }) => inPlace?.text ?? text;

/** What was removed can be put back until the field is left without anything in its place. @param {Content} content */
export const keptOf = (content) =>
  content.inPlace ? content : { ...content, aside: content.aside.filter(({ isRemoved }) => !isRemoved) };

/** A long text of the field comes back in its place. @param {Content} content @returns {Content} */
export const inItsPlace = (content) =>
  content.inPlace || !isLong(content.text)
    ? content
    : { ...content, text: "", inPlace: { name: t.addMany.pasted, text: content.text } };

/** What is in the field beside what stands in its place. @param {Content} content */
export const besideIn = ({ text, inPlace }) => (inPlace && inPlace.holds !== text ? text : "");

/**
 * The text above what there is, each read as before. If they are too long to be read at once, the text stands alone.
 * @param {string} above @param {Content} content @returns {Content}
 */
export function withAbove(above, content) {
  if (!above) return content;
  const { text, inPlace, aside } = content;
  const name = t.addMany.rests;
  const whole = asOneText(above, textIn(content));
  if (whole.length > LONGEST_TEXT)
    return { text, inPlace: { name, text: above }, aside: inPlace ? [inPlace, ...aside] : aside };
  if (!inPlace && !isLong(whole)) return { ...content, text: whole };
  return { ...content, inPlace: { name, text: whole, holds: inPlace ? inPlace.holds : text } };
}

/** @param {Content} above @param {Content} below @returns {Content} */
export function onTop(above, below) {
  const both = { ...below, aside: [...above.aside, ...below.aside] };
  if (!below.text && !below.inPlace) return { ...above, aside: both.aside };
  return withAbove(textIn(above), withAbove(besideIn(above), both));
}

/** What puts each back. A corrected file may have the name and the lines of the other. @param {InPlace[]} aside */
function namesOf(aside) {
  const words = aside.map(({ name, text }) => t.addMany.putBack(name, linesOf(text)));
  const isOnly = (each) => words.indexOf(each) === words.lastIndexOf(each);
  return aside.map(({ name, text, at = 0 }, index) =>
    isOnly(words[index]) ? words[index] : t.addMany.putBack(name, linesOf(text), second(at)),
  );
}

/** What is the same of a line that was corrected. @param {import("./pasted.js").Line} line */
export const keyOf = ({ account, source }) => account?.provider_id ?? source;

/**
 * The content without the lines of these accounts, and the keys of the others.
 * @param {Content} content @param {{provider_id: string}[]} created
 * @returns {Promise<{content: Content, keys: Set<string>}>}
 */
export async function withoutAdded({ text, inPlace, aside }, created) {
  const added = new Set(created.map(({ provider_id: number }) => number));
  const keys = new Set();
  const without = async (each) => {
    const lines = (await inSlices(reading(each), new AbortController().signal)) ?? [];
    const left = lines.filter((line) => !line.isRepeat && !added.has(keyOf(line)));
    for (const line of left) keys.add(keyOf(line));
    return { text: left.length < lines.length ? textOf(left) : each, count: left.length };
  };
  const rest = await without(inPlace?.text ?? "");
  const field = await without(text);
  const holds = inPlace?.holds === text ? field.text : undefined;
  // What holds no more than the field has is not needed.
  const isNeeded = inPlace && rest.text && (holds === undefined || rest.count > field.count);
  return {
    content: { text: field.text, inPlace: isNeeded ? { ...inPlace, text: rest.text, holds } : null, aside },
    keys,
  };
}

/**
 * `node` stands beside the input. `read` and `show` are for what is there. `place` puts something in the field's place,
 * or nothing, and what stood there aside.
 * @param {HTMLTextAreaElement} input @param {() => void} onChange
 */
export function textOrFile(input, onChange) {
  const node = h("div", { class: "in-place" });
  let { inPlace, aside } = NOTHING;
  const read = () => ({ text: input.value, inPlace, aside });
  /** `isActed`: a person has pressed something there. @param {InPlace | null} next */
  const place = (next, isActed = true) => {
    const before = inPlace ? [{ ...inPlace, isRemoved: !next }, ...aside] : aside;
    show({ text: input.value, inPlace: next, aside: before.filter(({ text }) => text !== next?.text) }, isActed);
  };
  const edit = () => {
    const text = asOneText(textIn(read()), besideIn(read()));
    show({ text, inPlace: null, aside });
  };

  /** @param {Content} content */
  function show(content, isActed = false) {
    const had = focused(input) || focused(node);
    inPlace = content.inPlace;
    aside = content.aside.map((each) => ({ at: Date.now(), ...each }));
    input.hidden = Boolean(inPlace);
    if (input.value !== content.text) {
      const fromEnd = input.value.length - input.selectionEnd;
      input.value = content.text;
      // Whoever types on does so where they were: what comes by itself comes above.
      if (focused(input)) input.selectionStart = input.selectionEnd = Math.max(content.text.length - fromEnd, 0);
    }
    const id = uniqueId("in-place");
    const canEdit = inPlace && !isLong([inPlace.text, besideIn(read())].filter(Boolean).join("\n"), LONGEST);
    fill(
      node,
      inPlace && [
        h("p", { id }, h("strong", {}, inPlace.name), " ", t.addMany.lines(linesOf(inPlace.text))),
        button(t.addMany.remove, { "aria-describedby": id, onclick: () => place(null) }),
        canEdit && button(t.addMany.edit, { "aria-describedby": id, onclick: edit }),
      ],
      namesOf(aside).map((words, index) => button(words, { onclick: () => place(aside[index]) })),
      inPlace && !canEdit && h("p", { class: "muted" }, t.addMany.tooLongToEdit),
    );
    // Whoever types on when it comes by itself must not press a button.
    if (had && inPlace && !isActed) focusOn(node.querySelector("p"));
    else if (had) (inPlace ? node.querySelector("button") : input).focus();
    onChange();
  }

  // The browser undoes what it has pasted itself.
  node.addEventListener("keydown", (event) => {
    if (!inPlace || event.key !== "z" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    place(null);
  });
  input.addEventListener("beforeinput", (event) => {
    const { data, inputType } = /** @type {InputEvent} */ (event);
    if (!data || !["insertFromPaste", "insertFromDrop"].includes(inputType)) return;
    const { value, selectionStart, selectionEnd } = input;
    const text = value.slice(0, selectionStart) + data + value.slice(selectionEnd);
    if (!isLong(text)) return;
    event.preventDefault();
    place({ name: t.addMany.pasted, text, holds: value });
  });
  return { node, read, show, place };
}
