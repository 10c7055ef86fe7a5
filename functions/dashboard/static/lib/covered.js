// What is at the lower edge of the window covers the end of a view: the bar of several accounts, a synchronization.

/**
 * What gets the focus there is scrolled out from below it, however high that is: the styles have it as `--covered`. So
 * is what has it as it grows, for a keyboard: under a pointer nothing moves. Nor does it for what a reader has scrolled
 * away from. Returns what observes whatever it grows by.
 * @param {HTMLElement} view @param {string} among which parts of it @param {() => number} heightOf
 * @param {AbortSignal} signal
 */
export function measure(view, among, heightOf, signal) {
  const observer = new ResizeObserver(() => {
    view.style.setProperty("--covered", `${heightOf()}px`);
    const has = view.querySelector(`${among} :focus-visible`);
    const { top, bottom } = has?.getBoundingClientRect() ?? { top: 0, bottom: 0 };
    if (bottom > 0 && top < window.innerHeight) has?.scrollIntoView({ block: "nearest" });
  });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  return observer;
}
