// "Send to your AWS admin": a link to what one account is asked to grant, for somebody without sign-in.
import * as api from "../lib/api.js";
import { announce, fill, h } from "../lib/dom.js";
import { copyBlock } from "../lib/findings.js";
import { when } from "../lib/format.js";
import { dialog } from "../lib/modal.js";
import * as router from "../lib/router.js";
import { button, form, onceAlone, submitting, toast } from "../lib/ui.js";
import { t } from "./texts.js";

const pathOf = (id) => `/v1/accounts/${api.segment(id)}/invitations`;

/** Ends the link of an account, if there is one. @param {string} id */
export async function withdrawLink(id) {
  await api.remove(pathOf(id));
  toast(t.invite.withdrawn);
}

/** Opens it, once it is known whether a link is valid. @param {string} id of the account */
export async function inviteDialog(id) {
  const here = router.whileHere();
  const { items } = await api.get(pathOf(id));
  onceAlone(() => here(() => inviting(id, items[0]?.expires_at)));
}

/** @param {string} id @param {string | undefined} until when the account's link is valid, if it has one */
function inviting(id, until) {
  const place = h("div", { class: "stack" });
  dialog({
    title: t.invite.title,
    content: ({ close }) => {
      const withdraw = button(t.invite.withdraw, {
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
          until && h("p", {}, t.invite.valid(when(until, { kind: "zoned" })), " ", withdraw),
        ],
        async onsubmit() {
          const made = await api.post(pathOf(id));
          if (!place.isConnected) return void toast(t.invite.unseen, "warning");
          fill(
            place,
            linkOf(made),
            h("div", { class: "form-actions" }, button(t.actions.close, { onclick: close }), withdraw),
          );
          announce(t.invite.made);
        },
      });
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
