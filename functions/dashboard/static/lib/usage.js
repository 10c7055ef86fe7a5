// Usage of an account's free tier, as a text and as a bar that the text labels.
import { h, uniqueId } from "./dom.js";
import { percent } from "./later-formats.js";
import { t } from "../views/texts.js";

function shareOf({ used, free_interactions: free }) {
  return free ? Math.floor((used / free) * 100) : 100;
}

export function levelOf(usage) {
  const share = shareOf(usage);
  return share >= 100 ? "over" : share >= 80 ? "near" : "fine";
}

export function meter(usage, ...before) {
  const label = uniqueId("usage");
  const share = shareOf(usage);
  return [
    h(
      "p",
      { id: label },
      before,
      h("strong", {}, t.usage.used(usage.used, usage.free_interactions)),
      " ",
      h("span", { class: "muted" }, t.usage.share(percent(share))),
    ),
    h("progress", { class: `bar bar-${levelOf(usage)}`, max: "100", value: share, "aria-labelledby": label }),
  ];
}
