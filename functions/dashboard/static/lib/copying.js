// Values to copy, and documents in tabs. The first view does not load this module.
import { announce, h, pause, uniqueId } from "./dom.js";
import { asText } from "./later-formats.js";
import { icon } from "./icons.js";
import { button, toast } from "./ui.js";
import { t } from "../texts.js";

/** `part`: its name for the page, where its words change. */
export function copyButton(textOf, label, { small = false, text = t.actions.copy, part = "" } = {}) {
  const caption = small ? null : h("span", {}, text);
  const node = h(
    "button",
    {
      type: "button",
      class: small ? "icon-button copy" : "button button-small copy",
      title: label,
      "aria-label": label,
      "data-part": part || null,
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(typeof textOf === "function" ? textOf() : textOf);
          node.classList.add("copied");
          announce(t.actions.copied);
          if (caption) caption.textContent = t.actions.copied;
          await pause(2000);
          node.classList.remove("copied");
          if (caption) caption.textContent = text;
        } catch {
          toast(t.actions.copyRefused, "warning");
        }
      },
    },
    h("span", { class: "copy-mark" }, icon("copy"), icon("check")),
    caption ?? "",
  );
  return node;
}

export function copyable(value, label) {
  return h("span", { class: "copyable" }, h("code", {}, value), copyButton(value, label, { small: true }));
}

/** Saves these parts of one file, as the browser saves what it downloads. @param {string[]} parts */
export function download(parts, filename, type) {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  h("a", { href: address, download: filename }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

export function codeBlock(content, { label, filename }) {
  const text = asText(content);
  const save = () => download([text], filename, "text/plain");
  return h(
    "figure",
    { class: "code" },
    h(
      "figcaption",
      {},
      h("span", {}, filename),
      h(
        "span",
        { class: "code-actions" },
        copyButton(text, t.actions.copyThis(label)),
        button(
          t.actions.download,
          { class: "button-small", "aria-label": t.actions.downloadThis(filename), onclick: save },
          "download",
        ),
      ),
    ),
    h("pre", { tabindex: "0", role: "group", "aria-label": label }, h("code", {}, text)),
  );
}

/** `chosen`: has the title of the chosen tab. Pass it again when the tabs are drawn again, to keep the choice. */
export function tabs(label, items, chosen = { title: "" }) {
  const group = uniqueId("tabs");
  const select = (index, { focus = true } = {}) => {
    // What is drawn without the chosen one leaves the choice to the others.
    if (focus) chosen.title = items[index].title;
    buttons.forEach((node, at) => {
      node.setAttribute("aria-selected", String(at === index));
      node.tabIndex = at === index ? 0 : -1;
      panels[at].hidden = at !== index;
    });
    if (focus) buttons[index].focus();
  };
  const onkeydown = (event) => {
    const at = buttons.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 }[event.key];
    // With another key it is the browser's: Alt and an arrow go back.
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    select((to + items.length) % items.length);
  };
  const buttons = items.map((item, index) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        class: "tab",
        id: `${group}-tab-${index}`,
        "aria-controls": `${group}-panel-${index}`,
        onclick: () => select(index),
        onkeydown,
      },
      item.title,
    ),
  );
  const panels = items.map((item, index) =>
    h(
      "div",
      {
        role: "tabpanel",
        class: "tab-panel",
        id: `${group}-panel-${index}`,
        "aria-labelledby": `${group}-tab-${index}`,
      },
      item.content(),
    ),
  );
  const before = items.findIndex(({ title }) => title === chosen.title);
  select(Math.max(before, 0), { focus: false });
  return h(
    "div",
    { class: "tabs" },
    h("div", { role: "tablist", class: "tab-list", "aria-label": label }, buttons),
    panels,
  );
}
