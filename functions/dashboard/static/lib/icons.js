import { svg } from "./dom.js";

// 16 x 16, one stroke each. Shapes differ, so that no meaning depends on colour.
const PATHS = {
  check: ["M3.5 8.5l3 3 6-7"],
  warning: ["M8 2.2 14.4 13.4H1.6Z", "M8 6.4v3.2", "M8 11.4v.3"],
  cross: ["M4 4l8 8", "M12 4l-8 8"],
  question: ["M5.6 6a2.4 2.4 0 1 1 3.4 2.2c-.7.3-1 .8-1 1.6v.2", "M8 12.4v.3"],
  info: ["M8 2.2a5.8 5.8 0 1 1 0 11.6 5.8 5.8 0 0 1 0-11.6", "M8 7.4v3.4", "M8 5.1v.2"],
  half: ["M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11", "M8 2.5a5.5 5.5 0 0 0 0 11Z"],
  dash: ["M4 8h8"],
  ring: ["M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11"],
  play: ["M5 3.2v9.6L12.6 8Z"],
  stop: ["M4.2 4.2h7.6v7.6H4.2Z"],
  test: ["M6 2h4", "M6.8 2v4.2L3.4 12a1.4 1.4 0 0 0 1.2 2h6.8a1.4 1.4 0 0 0 1.2-2L9.2 6.2V2", "M5 10h6"],
  copy: ["M5.5 5.5h7v8h-7Z", "M10.5 5.5v-3h-7v8h2"],
  download: ["M8 2.5v7.5", "M4.8 7 8 10.2 11.2 7", "M3 13.2h10"],
  plus: ["M8 3v10", "M3 8h10"],
  cloud: ["M4.6 12.5a2.9 2.9 0 0 1-.2-5.8 3.9 3.9 0 0 1 7.5 1 2.4 2.4 0 0 1-.2 4.8Z"],
  building: ["M3 13.5v-11h7v11", "M10 6h3v7.5", "M1.8 13.5h12.4", "M5.2 5.3h2.6", "M5.2 8h2.6", "M5.2 10.7h2.6"],
  tree: ["M5.5 2.5h5v3h-5Z", "M2 10.5h4.5v3H2Z", "M9.5 10.5H14v3H9.5Z", "M8 5.5v2.5", "M4.2 10.5V8h7.6v2.5"],
  key: ["M10.2 2.6a3.2 3.2 0 1 1-1.6 6L4 13.4H2.5V11l4.7-4.6a3.2 3.2 0 0 1 3-3.8", "M10.9 5.1v.3"],
  list: ["M2.5 4h11", "M2.5 8h11", "M2.5 12h11"],
  user: ["M8 2.5a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2", "M3 13.5c.4-2.6 2.4-4 5-4s4.6 1.4 5 4"],
  signout: ["M6.5 2.5h-4v11h4", "M6.5 8H14", "M11 5l3 3-3 3"],
  sun: [
    "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6",
    "M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9",
  ],
  search: ["M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9", "M10.3 10.3l3.4 3.4"],
  external: ["M9 2.5h4.5V7", "M13.5 2.5 7.5 8.5", "M11.5 9.5v4h-9v-9h4"],
  right: ["M6 3.5 10.5 8 6 12.5"],
  left: ["M10 3.5 5.5 8l4.5 4.5"],
  refresh: ["M13 8a5 5 0 1 1-1.5-3.6L13 6", "M13 2.5V6H9.5"],
  clock: ["M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11", "M8 5v3.2l2.2 1.3"],
  lock: ["M3.5 7h9v6.5h-9Z", "M5.5 7V5a2.5 2.5 0 0 1 5 0v2"],
};

const FILLED = new Set(["half", "play", "stop"]);

// Decoration beside a text with the same meaning, so it is hidden from screen readers.
export function icon(name, className = "") {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: `icon icon-${name} ${className}`, "aria-hidden": "true", focusable: "false" },
    // Closed shapes are filled, open shapes are stroked.
    ...PATHS[name].map((path) =>
      svg("path", { d: path, class: path.endsWith("Z") && FILLED.has(name) ? "filled" : "" }),
    ),
  );
}

export function brandMark() {
  return svg(
    "svg",
    { viewBox: "0 0 32 32", class: "brand-mark", "aria-hidden": "true", focusable: "false" },
    svg("rect", { width: "32", height: "32", rx: "8", class: "mark-ground" }),
    svg("circle", { cx: "16", cy: "14", r: "5.5", class: "mark-sun" }),
    svg("path", { d: "M5 22.5h22M9 26.5h14", class: "mark-line" }),
  );
}
