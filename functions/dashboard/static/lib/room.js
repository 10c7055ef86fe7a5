// The room of all that a part may say, so that nothing moves as its text changes.
import { h } from "./dom.js";

/** The room of a text, which is not said. @param {string} text @param {...any} before */
export const room = (text, ...before) => h("span", { "data-room": text }, before);

/**
 * An element with the room of each text that it may have.
 * @param {string} tag @param {object} attributes @param {(string | Element)[]} others such texts, or their rooms
 * @param {...any} content
 */
export const roomy = (tag, attributes, others, ...content) =>
  h(
    tag,
    { ...attributes, "data-room": "" },
    h("span", {}, content),
    others.map((other) => (typeof other === "string" ? room(other) : other)),
  );
