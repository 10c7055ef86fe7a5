// What Cognito may ask after the password: a new password, a code, or to set up an authenticator.
import { h } from "../lib/dom.js";
import * as session from "../lib/session.js";
import { copyable } from "../lib/copying.js";
import { button, errorPanel, field, form } from "../lib/ui.js";
import { load } from "../lib/watched.js";
import { asked } from "./asked.js";
import { t } from "./texts.js";

const FORMS = { NEW_PASSWORD_REQUIRED: newPassword, SOFTWARE_TOKEN_MFA: oneCode, MFA_SETUP: authenticator };

/**
 * Replaces a form by the form of the next challenge.
 * @param {HTMLElement} before
 * @param {{name: string, username: string, session?: string, let_in?: any}} asks A Challenge of the session.
 * @param {{settingUp?: boolean}} options
 */
export function challenge(before, asks, options) {
  const make = FORMS[asks.name];
  const node = make
    ? make(asks, options)
    : errorPanel({ title: t.signIn.failed, detail: t.signIn.challenge(asks.name) });
  before.replaceWith(node);
  focusFirst(node);
}

const startAgain = () => location.reload();
const focusFirst = (node) => node.querySelector("input")?.focus();

function newPassword(asks, options) {
  const wanted = { type: "password", class: "input", autocomplete: "new-password", required: true };
  const [first, second] = [h("input", wanted), h("input", wanted)];
  return step({
    text: t.challenges.newPassword,
    fields: [
      field({ name: "new", label: t.challenges.password, help: t.challenges.length, input: first }),
      field({ name: "again", label: t.challenges.again, input: second }),
    ],
    errors: () => [
      !first.value && { field: "new", message: t.challenges.passwordNeeded },
      first.value !== second.value && { field: "again", message: t.challenges.different },
    ],
    send: () => session.respond(asks, { NEW_PASSWORD: first.value }, options),
    options,
  });
}

function oneCode(asks, options) {
  return codeStep({
    text: t.challenges.code,
    send: (code) => session.respond(asks, { SOFTWARE_TOKEN_MFA_CODE: code }, options),
    options,
  });
}

function authenticator(asks, options) {
  const place = h("div", {});
  const node = h("div", {}, place);
  const restart = h("div", { class: "form-actions" }, button(t.challenges.restart, { onclick: startAgain }));
  const read = () =>
    answered(() => session.newAuthenticator(asks)).catch((problem) => {
      node.append(restart);
      throw problem;
    });
  const draw = ({ key, asks: goingOn }) => {
    restart.remove();
    return codeStep({
      text: t.challenges.setUp,
      before: h(
        "div",
        { class: "field" },
        h("p", { class: "help" }, t.challenges.key),
        copyable(key.replace(/(.{4})(?=.)/g, "$1 "), t.challenges.copyKey),
      ),
      send: (code) => session.confirmAuthenticator(goingOn, code),
      options,
    });
  };
  const { signal } = new AbortController(); // never aborted: cancelling reloads the page
  load(place, read, draw, { signal }).then(() => focusFirst(place));
  return node;
}

function codeStep({ text, before = null, send, options }) {
  const input = h("input", {
    class: "input",
    inputmode: "numeric",
    autocomplete: "one-time-code",
    maxlength: 7,
    required: true,
    spellcheck: "false",
  });
  const digits = () => input.value.replace(/\s/g, "");
  return step({
    text,
    fields: [before, field({ name: "code", label: t.challenges.codeLabel, input })],
    errors: () => [!/^[0-9]{6}$/.test(digits()) && { field: "code", message: t.challenges.codeNeeded }],
    send: () => send(digits()),
    options,
  });
}

function step({ text, fields, errors, send, options }) {
  const node = form({
    submitText: t.challenges.next,
    cancel: startAgain,
    cancelText: t.challenges.restart,
    fields: [h("p", {}, text), fields],
    async onsubmit() {
      const found = errors().filter(Boolean);
      if (found.length) throw { status: 422, errors: found };
      const next = await answered(send);
      if (next) challenge(node, next, options);
    },
  });
  return node;
}

const answered = (question) =>
  asked(question).catch((problem) => {
    throw atItsField(problem);
  });

// Shows a refused code or password at its field.
function atItsField(problem) {
  const message = t.challenges.errors[problem.code];
  if (problem.code === "InvalidPasswordException")
    return { status: 422, errors: [{ field: "new", message: problem.detail }] };
  // A challenge expires after some minutes.
  if (problem.code === "NotAuthorizedException") problem.detail = t.challenges.over;
  return message ? { status: 422, errors: [{ field: "code", message }] } : problem;
}
