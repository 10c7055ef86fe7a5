// Modals. The first view does not load this module.
import { byId, focus, focused, focusOn, h, passFocus, placeToasts, uniqueId } from "./dom.js";
import { iconButton } from "./ui.js";
import { t } from "../texts.js";

// The element that had the focus may be redrawn behind the modal. If it was in a list, looks in the item with the same
// key. If it is gone, goes to the heading of its section, or of the view, which says where the reader is.
function giveBack(had, title) {
  const main = document.querySelector("main");
  const key = had?.closest("[data-key]")?.dataset.key;
  const item = key && main?.querySelector(`[data-key="${CSS.escape(key)}"]`);
  passFocus(had, item || main, !key || Boolean(item));
  if (!main || had === main || focus() !== main) return;
  const headings = [...main.querySelectorAll("h2")].filter((heading) => heading.checkVisibility());
  focusOn(headings.find(({ textContent }) => textContent === title) ?? main.querySelector("h1") ?? main);
}

const titleAround = (node) => node?.closest("section")?.querySelector("h2")?.textContent;

/**
 * A native modal: it traps the focus, closes on Escape, and returns the focus. `lasting`: only its own button closes
 * it, not Escape and not the end of the view or the session.
 * @param {{title: string, content: (modal: {close: () => void}) => any, wide?: boolean, lasting?: boolean,
 *   onClose?: () => void}} options
 */
export function dialog({ title, content, wide = false, lasting = false, onClose }) {
  const heading = uniqueId("dialog");
  // Level one, because a screen reader does not see the page behind an open modal.
  const node = h("dialog", { class: wide ? "dialog dialog-wide" : "dialog", "aria-labelledby": heading });
  const had = focused(document.querySelector("main"));
  const around = titleAround(had);
  let stays = lasting;
  const close = () => {
    stays = false;
    node.close();
  };
  node.append(
    h(
      "header",
      { class: "dialog-head" },
      h("h1", { id: heading }, title),
      !lasting && iconButton(t.actions.close, "cross", { onclick: close }),
    ),
    h("div", { class: "dialog-body" }, content({ close })),
    h("div", { class: "announcer sr-only", "aria-live": "polite" }),
  );
  node.addEventListener("close", () => {
    if (stays) return open();
    placeToasts();
    node.remove();
    covers.disconnect();
    giveBack(had, around);
    onClose?.();
  });
  // What gets the focus, and its label, is scrolled out from below the head, however many lines that has.
  const head = /** @type {HTMLElement} */ (node.firstElementChild);
  const heads = new ResizeObserver(() => {
    // One so high would leave too little of the window, and scrolls with the rest.
    const isAbove = head.offsetHeight <= window.innerHeight / 5;
    head.style.position = isAbove ? "" : "static";
    node.style.scrollPaddingBlockStart = `calc(${isAbove ? head.offsetHeight : 0}px + 1.75rem)`;
  });
  // A modal that is too high for it has another size in another window.
  for (const each of [head, node]) heads.observe(each);
  // Toasts lie over the end of a long one. Then its end has room below it, and its button and what has the focus are
  // scrolled out from below them.
  const toasts = byId("toasts");
  const uncover = () => {
    // Without it, it is 0. Whatever is set is inherited: the style of all that is in the modal would be computed again.
    node.style.setProperty("--covered", "");
    if (!toasts.hasChildNodes()) return;
    const [{ top: lowest }, { top: first }, box] = [toasts, toasts.firstElementChild, node].map((each) =>
      each.getBoundingClientRect(),
    );
    const top = Math.max(lowest, first);
    if (box.bottom <= top) return;
    node.style.setProperty("--covered", `${window.innerHeight - top}px`);
    const needed = [node.querySelector(".form-actions .button"), focused(node.querySelector(".dialog-body"))];
    const inSight = needed.filter((each) => {
      const own = each?.getBoundingClientRect();
      return own?.top < box.bottom && own.bottom > box.top;
    });
    // If there is no room for both, what has the focus.
    for (const each of inSight) each.scrollIntoView({ block: "nearest" });
  };
  const covers = new MutationObserver(uncover);
  covers.observe(toasts, { childList: true });
  new ResizeObserver(uncover).observe(/** @type {Element} */ (node.querySelector(".dialog-body")));
  // The modal on top is the last one in the document.
  const open = () => {
    document.body.append(node);
    node.showModal();
    placeToasts();
    uncover();
  };
  open();
  // Focuses the first field, not the close button. A modal without fields is a question: its close button keeps the
  // focus.
  node.querySelector(".dialog-body :is(input:not([type=radio], [disabled]), select)")?.focus();
  return { node, close };
}
