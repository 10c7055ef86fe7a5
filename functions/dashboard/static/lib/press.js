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

export function afterPress(work) {
  if (!pressing) return work();
  const ended = new AbortController();
  const go = () => {
    ended.abort();
    setTimeout(work);
  };
  for (const end of ENDS) addEventListener(end, go, { signal: ended.signal });
}
