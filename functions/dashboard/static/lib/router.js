// Routes are in the URL's fragment, so the page works at a domain's root and under any prefix.
let routes = [];
let show;
let leaving = new AbortController();
let isQuiet = false;

export function place() {
  const [path, search = ""] = location.hash.replace(/^#/, "").split("?");
  return { path: path || "/accounts", query: new URLSearchParams(search) };
}

export function go(hash, { replace = false } = {}) {
  if (replace) {
    history.replaceState(null, "", hash);
    render();
  } else if (location.hash === hash) {
    render();
  } else {
    location.hash = hash;
  }
}

// Filters are in the URL, but changing one adds no history entry.
export function rewrite(path, query) {
  const search = query.toString();
  history.replaceState(null, "", `#${path}${search ? `?${search}` : ""}`);
}

/** Back to the address over which one was pushed, whose view is shown all the time. */
export function back() {
  isQuiet = true;
  history.back();
}

/** The parts of a path. Empty if the path cannot be decoded, such as "100%". */
function partsOf(path) {
  try {
    return path.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    return [];
  }
}

function match(path) {
  const parts = partsOf(path);
  for (const route of routes) {
    const wanted = route.path.split("/").filter(Boolean);
    if (wanted.length !== parts.length) continue;
    const params = {};
    const fits = wanted.every((part, index) => {
      if (part.startsWith(":")) params[part.slice(1)] = parts[index];
      return part.startsWith(":") || part === parts[index];
    });
    if (fits) return { route, params };
  }
  return { route: routes.at(-1), params: {} };
}

/** Ends as the reader leaves the view that is shown now. */
export const leftThis = () => leaving.signal;

/**
 * For an act that waits for an answer. Call this before the wait, and pass the returned function what to do to the page
 * after it. If the reader has left the view meanwhile, `otherwise` is done instead.
 * @returns {(work: () => any, otherwise?: () => any) => void}
 */
export function whileHere() {
  const { signal } = leaving;
  return (work, otherwise) => (signal.aborted ? otherwise?.() : work());
}

// Aborts the last view's requests, then shows the view that the URL names.
export function render() {
  leaving.abort(new DOMException("left the view", "AbortError"));
  leaving = new AbortController();
  const { path, query } = place();
  return show({ ...match(path), path, query, signal: leaving.signal });
}

export function start(table, onRoute) {
  routes = table;
  show = onRoute;
  window.addEventListener("hashchange", () => {
    if (!isQuiet) render();
    isQuiet = false;
  });
  return render();
}
