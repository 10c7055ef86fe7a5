// A row of nodes with a way between each two, as a small SVG. It has no words: those are beside it.
import { svg } from "./dom.js";
import { icon } from "./icons.js";

const WIDTH = 400;
const HEIGHT = 60;
const RADIUS = 21;
const MARKS = { done: "check", part: "half", failed: "cross", working: "refresh" };

/**
 * @param {{icon: string, state: string}[]} nodes @param {string[]} ways the state of each, one fewer than nodes:
 *   "waiting", "working", "done", "part" or "failed"
 */
export function diagram(nodes, ways) {
  // Each node is in the middle of a column, over its words.
  const gap = WIDTH / nodes.length;
  const middle = HEIGHT / 2;
  const place = (index) => (index + 0.5) * gap;
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "diagram", "aria-hidden": "true", focusable: "false" },
    ...ways.map((state, index) =>
      svg("path", {
        d: `M${place(index) + RADIUS + 4} ${middle}H${place(index + 1) - RADIUS - 4}`,
        class: `diagram-way is-${state}`,
      }),
    ),
    // Shapes differ, so that no state depends on colour.
    ...ways
      .map((state, index) => [MARKS[state], state, place(index) + gap / 2])
      .filter(([name]) => name)
      .flatMap(([name, state, x]) => [
        svg("circle", { cx: x, cy: middle, r: "9", class: `diagram-mark is-${state}` }),
        placed(icon(name), x, middle, 12),
      ]),
    ...nodes.flatMap((node, index) => [
      svg("circle", { cx: place(index), cy: middle, r: RADIUS, class: `diagram-node is-${node.state}` }),
      placed(icon(node.icon), place(index), middle, 20),
    ]),
  );
}

function placed(node, x, y, size) {
  for (const [name, value] of Object.entries({ x: x - size / 2, y: y - size / 2, width: size, height: size }))
    node.setAttribute(name, String(value));
  return node;
}
