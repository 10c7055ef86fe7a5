// How long something lasts. The reader's clock may be set meanwhile.

/** Starts to count. Returns what says how many milliseconds have passed since. */
export function stopwatch() {
  const from = performance.now();
  return () => performance.now() - from;
}

/** The same for an age, which is rather too high than too low: while a computer sleeps, its clock alone may go on. */
export function ageing() {
  const counted = stopwatch();
  const at = Date.now();
  return () => Math.max(counted(), Date.now() - at);
}
