import { announce, fill, h, later } from "../lib/dom.js";
import { brandMark } from "../lib/icons.js";
import * as session from "../lib/session.js";
import { button, field, form, notLoaded, SLOW_AFTER_MS, submitting, takesLong } from "../lib/ui.js";
import { t } from "../texts.js";
import { asked } from "./asked.js";

export function signIn({ main, title, path }) {
  title(t.signIn.title);
  const ended = session.hasEnded();
  const text = ended || path !== "/accounts" ? t.signIn.returning : t.signIn.text;
  if (ended) announce(t.signIn.ended);
  fill(
    main,
    h(
      "div",
      { class: "sign-in card" },
      brandMark(),
      h("h1", {}, t.signIn.title),
      h("p", { class: "muted" }, ended && `${t.signIn.ended} `, text),
      // Below the form, what is said late, and the next step, would move it.
      h("p", { class: "small muted" }, t.signIn.openPage, " ", h("a", { href: "#/access-details" }, t.nav.access)),
      session.isHosted() ? hosted() : password(),
    ),
  );
}

function hosted() {
  const left = session.leftToDo();
  if (left) {
    const place = h("div", {});
    goOn(place, left, {});
    return place;
  }
  const wish = h("input", { type: "checkbox" });
  return h(
    "div",
    { class: "form" },
    offer(wish),
    button(t.signIn.hosted, {
      class: "button-primary",
      onclick: (event) =>
        submitting(event.currentTarget, () => asked(() => session.signInHosted({ settingUp: wish.checked }))),
    }),
  );
}

const offer = (wish) => session.offersAuthenticator() && h("label", { class: "checkbox" }, wish, t.signIn.setUp);

async function goOn(node, next, options) {
  const cancel = later(SLOW_AFTER_MS, () => fill(node, takesLong()));
  try {
    const { challenge } = await import("./challenges.js");
    challenge(node, next, options);
  } catch (error) {
    node.replaceWith(notLoaded(error));
  } finally {
    cancel();
  }
}

function password() {
  const email = h("input", {
    type: "email",
    class: "input",
    autocomplete: "username",
    required: true,
    spellcheck: "false",
  });
  const secret = h("input", { type: "password", class: "input", autocomplete: "current-password", required: true });
  const wish = h("input", { type: "checkbox" });
  const node = form({
    submitText: t.signIn.action,
    fields: [
      field({ name: "email", label: t.signIn.email, input: email }),
      field({ name: "password", label: t.signIn.password, input: secret }),
      offer(wish),
    ],
    async onsubmit() {
      const errors = [];
      if (!email.value.trim()) errors.push({ field: "email", message: t.signIn.emailNeeded });
      if (!secret.value) errors.push({ field: "password", message: t.signIn.passwordNeeded });
      if (errors.length) throw { status: 422, errors };
      const settingUp = wish.checked;
      const next = await asked(() => session.signInWithPassword(email.value.trim(), secret.value, { settingUp }));
      if (next) await goOn(node, next, { settingUp });
    },
  });
  return node;
}
