// What is at the lower edge of the window covers the end of a view: the bar of several accounts, a synchronization.

import { byId } from "./dom.js";

/**
 * What gets the focus there is scrolled out from below it, however high that is: the styles have it as `--covered`. So
 * is what has it as it grows, for a keyboard: under a pointer nothing moves. Nor does it for what a reader has scrolled
 * away from. Returns what observes whatever it grows by.
 * @param {HTMLElement} view @param {string} among which parts of it @param {() => number} heightOf
 * @param {AbortSignal} signal
 */
export function measure(view, among, heightOf, signal) {
  // They lie above it: what is said of a press may be the reason for the next one.
  const toasts = byId("toasts");
  const observer = new ResizeObserver(() => {
    const height = `${heightOf()}px`;
    view.style.setProperty("--covered", height);
    toasts.style.setProperty("--below", height);
    const has = view.querySelector(`${among} :focus-visible`);
    const { top, bottom } = has?.getBoundingClientRect() ?? { top: 0, bottom: 0 };
    if (bottom > 0 && top < window.innerHeight) has?.scrollIntoView({ block: "nearest" });
  });
  const end = () => {
    observer.disconnect();
    toasts.style.setProperty("--below", "");
  };
  signal.addEventListener("abort", end, { once: true });
  return observer;
}
