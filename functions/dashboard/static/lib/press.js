// A message that appears between press and release would move the button, and the click would be lost.
let pressing = false;
addEventListener(
  "pointerdown",
  () => {
    pressing = true;
  },
  true,
);
// A press that becomes a scroll is cancelled.
const ENDS = ["pointerup", "pointercancel"];
for (const end of ENDS)
  addEventListener(
    end,
    () => {
      pressing = false;
    },
    true,
  );

/**
 * For a button that does something else once its work is over, as Cancel does: so that a press of the one is none of
 * the other, however long it takes. `now`: what the button is for. `isSame`: whether that is as when the press began
 * that has ended now. A click without such a beginning, as of a screen reader, is one at once.
 * @param {() => unknown} now
 */
export function pressOf(now) {
  /** @type {{was: unknown} | null} */
  let begun = null;
  const begins = () => {
    begun = { was: now() };
  };
  return {
    onpointerdown: begins,
    // A key that is held is one press.
    onkeydown: (event) => (event.repeat ? event.preventDefault() : begins()),
    isSame() {
      const same = !begun || begun.was === now();
      begun = null;
      return same;
    },
  };
}

export function afterPress(work) {
  if (!pressing) return work();
  const ended = new AbortController();
  const go = () => {
    ended.abort();
    setTimeout(work);
  };
  for (const end of ENDS) addEventListener(end, go, { signal: ended.signal });
}
