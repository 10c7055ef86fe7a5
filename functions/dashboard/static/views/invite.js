// "Send to your AWS admin": a link to what one account is asked to grant, for somebody without sign-in.
import * as api from "../lib/api.js";
import { announce, fill, h } from "../lib/dom.js";
import { copyBlock } from "../lib/findings.js";
import { when } from "../lib/format.js";
import { dialog } from "../lib/modal.js";
import { button, form, longestOf, reasonOf, spinner, submitting, toast } from "../lib/ui.js";
import { t } from "./texts.js";

const pathOf = (id) => `/v1/accounts/${api.segment(id)}/invitations`;

/** Ends the link of an account, if there is one. @param {string} id */
export async function withdrawLink(id) {
  await api.remove(pathOf(id));
  toast(t.invite.withdrawn);
}

const validUntil = (moment) => t.invite.valid(when(moment, { kind: "zoned" }).textContent);

/** @param {string} id of the account */
export function inviteDialog(id) {
  const place = h("div", { class: "stack" });
  let looking = new AbortController();
  const said = h("span", {}, spinner(), " ", t.invite.looking);
  const look = async (withdraw) => {
    looking.abort();
    looking = new AbortController();
    const { signal } = looking;
    const show = (text, has) => {
      if (signal.aborted) return;
      fill(said, text);
      withdraw.hidden = !has;
      announce(text);
    };
    try {
      const [link] = (await api.get(pathOf(id), { signal })).items;
      show(link ? validUntil(link.expires_at) : t.invite.withdrawn, link);
    } catch (problem) {
      if (!signal.aborted) show(t.invite.unknown(reasonOf(problem)), true);
    }
  };
  dialog({
    title: t.invite.title,
    onClose: () => looking.abort(),
    content: ({ close }) => {
      const withdraw = button(t.invite.withdraw, {
        hidden: true,
        onclick: () =>
          submitting(withdraw, async () => {
            await withdrawLink(id);
            close();
          }),
      });
      const makes = form({
        submitText: t.invite.submit,
        cancel: close,
        fields: [
          h("p", {}, t.invite.text),
          h(
            "ul",
            { class: "consequences" },
            t.invite.shows.map((text) => h("li", {}, text)),
          ),
          h("p", { class: "muted small" }, t.invite.lasts),
          h(
            "div",
            { class: "link-valid" },
            h("p", { "data-room": longestOf((moment) => [validUntil(moment)]) }, said),
            withdraw,
          ),
        ],
        async onsubmit() {
          // Which of the two the API does last, nobody could say.
          withdraw.disabled = true;
          const made = await api
            .post(pathOf(id))
            .catch((problem) => {
              if (problem.perhapsDone && place.isConnected) look(withdraw);
              throw problem;
            })
            .finally(() => (withdraw.disabled = false));
          looking.abort();
          withdraw.hidden = false;
          if (!place.isConnected) return void toast(t.invite.unseen, "warning");
          fill(
            place,
            linkOf(made),
            h("div", { class: "form-actions" }, button(t.actions.close, { onclick: close }), withdraw),
          );
          announce(t.invite.made);
        },
      });
      look(withdraw);
      return fill(place, makes);
    },
  });
}

// The API's address of the page is relative to its root, which is where this page is.
function linkOf({ url, expires_at: until }) {
  const address = new URL(url, location.href.split(/[?#]/)[0]).href;
  return [
    h("p", {}, t.invite.made),
    copyBlock(address, t.invite.link),
    h("p", { class: "muted small" }, t.invite.once, " ", t.invite.until, " ", when(until, { kind: "zoned" }), "."),
  ];
}
