// Loaded before the tests of a file: the page's clock and its later work must not keep Node from ending. With
// --test-force-exit, it would end before all results are reported (nodejs/node#64833).
for (const name of ["setInterval", "setTimeout"]) {
  const start = globalThis[name];
  globalThis[name] = (...given) => start(...given).unref();
}
