// The link that deploys a template of ours in the AWS console.
import { h } from "./dom.js";
import { ageing } from "./elapsed.js";
import { icon } from "./icons.js";
import { submitting, toast } from "./ui.js";
import { t } from "../views/texts.js";

/** While somebody looks, a link that expires is read again this often. */
export const RENEW_LINK_AFTER_MS = 10 * 60_000;
// It lasts for an hour. This is a little less.
const LINK_LASTS_MS = 50 * 60_000;

/**
 * Whether the template's address is presigned, because the template is not public. Checks the address's own query,
 * because a role may have any name.
 */
export function expires(link) {
  const template = chosenIn(link).get("templateURL") ?? link;
  return new URL(template).searchParams.has("X-Amz-Expires");
}

const chosenIn = (link) => new URLSearchParams(new URL(link).hash.split("?")[1]);

/** The console's list of stacks, with the one that a link deploys in its filter: `stacks_page` in the API's domain. */
export function stackOf(link) {
  const name = chosenIn(link).get("stackName");
  if (!name) return "";
  return new URL(`#/stacks?${new URLSearchParams({ filteringStatus: "active", filteringText: name })}`, link).href;
}

/**
 * Knows the age of a link, which may have expired while the computer slept: timers do not count that. `restart`: call
 * it when the link was read. `age`: since then, in milliseconds. `onPress`: renews an old link before it is followed.
 * @param {(link: HTMLAnchorElement) => Promise<any>} renew gives it a new address, or draws another in its place
 */
export function linkGuard(renew) {
  let age = ageing();
  return {
    restart() {
      age = ageing();
    },
    age: () => age(),
    onPress(event) {
      const link = event.currentTarget;
      if (!expires(link.href) || age() < LINK_LASTS_MS) return;
      if (event.type === "auxclick" && event.button !== 1) return;
      event.preventDefault();
      submitting(link, async () => {
        await renew(link);
        // A browser opens no window long after a press, and does not say so.
        if (link.isConnected && navigator.userActivation?.isActive !== false) {
          window.open(link.href, "_blank", "noopener,noreferrer");
        } else toast(t.instructions.pressAgain);
      });
    },
  };
}

/** @param {string} address @param {(event: any) => void} onPress @param {any} note what to know about it */
export const deployButton = (address, onPress, note) =>
  h(
    "p",
    { class: "deploy" },
    h(
      "a",
      {
        class: "button button-primary",
        "data-part": "deploy",
        href: address,
        onclick: onPress,
        onauxclick: onPress,
        target: "_blank",
        rel: "noopener noreferrer",
      },
      h("span", {}, t.instructions.deploy),
      icon("external"),
    ),
    h("span", { class: "muted small" }, note),
  );
