// Measures durations. The reader's clock may be set meanwhile.

/** Starts to count. Returns a function that gives the milliseconds since then. */
export function stopwatch() {
  const from = performance.now();
  return () => performance.now() - from;
}

/** The same for an age. Takes the higher of two counts: while a computer sleeps, perhaps only its clock goes on. */
export function ageing() {
  const counted = stopwatch();
  const at = Date.now();
  return () => Math.max(counted(), Date.now() - at);
}
