import * as api from "../lib/api.js";
import { choice } from "../lib/choice.js";
import { fill, h, uniqueId } from "../lib/dom.js";
import { NAME, NUMBER, ROLE_NAME } from "../lib/patterns.js";
import { afterPress } from "../lib/press.js";
import { regionsField } from "../lib/regions-field.js";
import { find, sameName } from "../lib/same-name.js";
import * as session from "../lib/session.js";
import * as store from "../lib/store.js";
import { dialog } from "../lib/modal.js";
import { errorPanel, field, form, notice, setError, toast } from "../lib/ui.js";
import { PROVIDERS } from "../providers.js";
import { t } from "./texts.js";

const KEY_ID = /^\w{16,128}$/;

export function newAccount({ onClose, onAdded }) {
  dialog({
    title: t.newAccount.title,
    onClose,
    content: ({ close }) =>
      session.somebody().canChange ? accountForm(close, onAdded) : notice("info", h("p", {}, t.viewer.why)),
  });
}

function accountForm(close, onAdded) {
  // The draft stays when the modal closes or the session ends, until the page is left, for example for a hosted
  // sign-in. The secret key goes with the modal.
  const kept = store.draftOf(session.somebody().email);
  const draft = kept.values;
  // The content of the last request, including the secret key, and its idempotency key.
  let attempt = { content: "", key: "" };
  const text = (name, attributes = {}) =>
    h("input", {
      type: "text",
      class: "input",
      autocomplete: "off",
      spellcheck: "false",
      autocapitalize: "none",
      value: draft[name] ?? "",
      ...attributes,
    });
  const number = text("provider_id", { inputmode: "numeric", maxlength: "20", required: true });
  const name = text("name", { maxlength: "64", required: true });
  const roleName = text("role_name", { placeholder: "CavokCloud" });
  const rolePath = text("role_path", { placeholder: "/", maxlength: "64" });
  const keyId = text("access_key_id");
  const secret = h("input", { type: "password", class: "input", autocomplete: "off" });
  const regions = regionsField({
    value: draft.regions ?? [],
    text: draft.region,
    help: t.newAccount.regionsHelp,
    optional: true,
    onchange: () => keep(),
  });

  // Until it is known which are available, none can be chosen. The fields below do not move then.
  const known = Object.keys(PROVIDERS).map((id) => ({ id, name: PROVIDERS[id] }));
  const providers = h("div", {}, providerChoice(known));
  let providersShown;
  const showProviders = () => {
    const show = (content) => fill(providers, content);
    providersShown = api.get("/v1/providers").then(
      ({ items }) => show(providerChoice(items)),
      (problem) => show(errorPanel(problem, showProviders)),
    );
    return providersShown;
  };
  showProviders();

  const credentials = h(
    "div",
    { class: "nested" },
    h(
      "p",
      { class: "help" },
      t.newAccount.credentialsHelp,
      " ",
      h("a", { href: "#/access-details", target: "_blank" }, t.nav.access),
    ),
    field({ name: "access_key_id", label: t.newAccount.keyId, input: keyId }),
    field({ name: "secret_access_key", label: t.newAccount.secret, help: t.newAccount.secretHelp, input: secret }),
  );
  const role = h(
    "div",
    {},
    field({
      name: "role_name",
      label: t.newAccount.roleName,
      help: t.newAccount.roleNameHelp,
      optional: true,
      input: roleName,
    }),
    field({
      name: "role_path",
      label: t.newAccount.rolePath,
      help: t.newAccount.rolePathHelp,
      optional: true,
      input: rolePath,
    }),
  );
  // People paste the console's format, 1234-5678-9012.
  const digits = () => number.value.replace(/[\s-]/g, "");
  // The answer to an earlier press may have been lost. Then an account with this number is the one that it added.
  const named = sameName(name, (account) => account.provider_id === digits());
  const showAccess = (type) => {
    credentials.hidden = type !== "access_key";
    role.hidden = type === "access_key";
  };

  const node = form({
    submitText: t.newAccount.submit,
    cancel: close,
    fields: [
      h("p", { class: "help" }, t.enrollments.whole, " ", h("a", { href: "#/enrollments" }, t.enrollments.connect)),
      providers,
      field({ name: "provider_id", label: t.newAccount.number, help: t.newAccount.numberHelp, input: number }),
      field({ name: "name", label: t.newAccount.name, help: t.newAccount.nameHelp, input: name }),
      named.warning,
      choice({
        name: "access_type",
        label: t.newAccount.accessType,
        value: draft.access_type ?? "assume_role",
        options: ["assume_role", "access_key"].map((value) => ({
          value,
          title: t.accessTexts[value].title,
          text: t.accessTexts[value].text,
          tag: t.accessTexts[value].tag,
          onchange: () => showAccess(value),
        })),
      }),
      credentials,
      choice({
        name: "write_logs",
        label: t.newAccount.writeLogs,
        value: draft.write_logs ?? "yes",
        className: "choice-row",
        options: [
          { value: "yes", title: t.yes, text: t.newAccount.writeLogsYes },
          { value: "no", title: t.no, text: t.newAccount.writeLogsNo },
        ],
      }),
      h(
        "details",
        {
          class: "more-fields",
          open: Boolean(draft.role_name || draft.role_path || draft.regions?.length || draft.region),
        },
        h("summary", {}, t.newAccount.more),
        role,
        regions.node,
      ),
    ],
    async onsubmit(_, first) {
      await first(providersShown);
      const values = read();
      const errors = check(values);
      const chosen = regions.read();
      if (errors.length || chosen === null) throw { status: 422, errors };
      const { values: typed } = kept;
      if (await first(named.warns())) return;
      // Retrying the same content uses the same idempotency key.
      const content = JSON.stringify([values.body, chosen]);
      if (attempt.content !== content) attempt = { content, key: api.newKey() };
      const body = { ...values.body, ...(chosen.length ? { regions: chosen } : {}) };
      const asked = Date.now();
      const account = await api
        .post("/v1/accounts", body, { key: attempt.key })
        .catch((problem) => sayWhoHasIt(problem, body.provider_id));
      // What was typed since stays for the next modal, which may show it already.
      if (kept.values === typed) store.sent();
      else if (node.isConnected) toast(t.newAccount.typedSince, "warning");
      onAdded(account, asked);
    },
  });
  showAccess(draft.access_type ?? "assume_role");

  // If the number is taken, links to its account.
  async function sayWhoHasIt(problem, wanted) {
    const there = problem.status === 409 && (await find(wanted, (account) => account.provider_id === wanted));
    if (!there || !node.isConnected) throw problem;
    const reason = uniqueId("taken");
    fill(
      node.querySelector(".form-error"),
      notice(
        "error",
        h(
          "p",
          { id: reason },
          t.newAccount.numberTaken(wanted),
          " ",
          h("a", { href: `#/accounts/${api.segment(there.account_id)}` }, there.name),
          ".",
        ),
      ),
    );
    number.setAttribute("aria-invalid", "true");
    number.setAttribute("aria-describedby", `${number.getAttribute("aria-describedby") ?? ""} ${reason}`.trim());
    // The form has its text already.
    throw { errors: [] };
  }

  function read() {
    const picked = (group) => node.querySelector(`input[name="${group}"]:checked`)?.value;
    const accessType = picked("access_type");
    return {
      accessType,
      roleName: roleName.value.trim(),
      body: {
        provider: picked("provider"),
        provider_id: digits(),
        name: name.value.trim(),
        access_type: accessType,
        write_logs: picked("write_logs") === "yes",
        ...(accessType === "assume_role" && roleName.value.trim() ? { role_name: roleName.value.trim() } : {}),
        ...(accessType === "assume_role" && rolePath.value.trim() ? { role_path: rolePath.value.trim() } : {}),
        ...(accessType === "access_key"
          ? { credentials: { access_key_id: keyId.value.trim(), secret_access_key: secret.value.trim() } }
          : {}),
      },
    };
  }

  // Checks a field only after it was left, or while it has an error.
  const hints = { provider_id: number, name, role_name: roleName, access_key_id: keyId };
  for (const [key, input] of Object.entries(hints)) {
    const hint = () => setError(node, key, check(read()).find((error) => error.field === key)?.message ?? "");
    input.addEventListener("blur", () => {
      if (input.value) afterPress(hint);
    });
    input.addEventListener("input", () => {
      if (input.getAttribute("aria-invalid")) hint();
    });
  }
  const keep = () => {
    const { body, accessType } = read();
    kept.values = {
      provider_id: number.value,
      name: name.value,
      role_name: roleName.value,
      role_path: rolePath.value,
      access_key_id: keyId.value,
      access_type: accessType,
      write_logs: body.write_logs ? "yes" : "no",
      regions: regions.chosen(),
      region: regions.text(),
    };
  };
  node.addEventListener("input", keep);
  return node;
}

function providerChoice(items) {
  return choice({
    name: "provider",
    label: t.newAccount.provider,
    value: items.find(({ available }) => available)?.id,
    className: "choice-row",
    options: items.map((item) => ({
      value: item.id,
      title: item.name,
      disabled: !item.available,
      tag: item.available === false ? t.newAccount.comingSoon : "",
    })),
  });
}

function check({ body, accessType, roleName }) {
  const errors = [];
  const wrong = (name, message) => errors.push({ field: name, message });
  if (!NUMBER.test(body.provider_id))
    wrong(
      "provider_id",
      body.provider_id
        ? t.newAccount.numberWrong(body.provider_id.replace(/\D/g, "").length)
        : t.newAccount.numberNeeded,
    );
  if (!NAME.test(body.name)) {
    const suggestion = body.name.normalize("NFKD").replace(/[^A-Za-z0-9]/g, "");
    wrong("name", body.name ? t.newAccount.nameWrong(suggestion) : t.newAccount.nameNeeded);
  }
  if (accessType === "assume_role" && roleName && !ROLE_NAME.test(roleName))
    wrong("role_name", t.newAccount.roleNameWrong);
  if (accessType === "access_key") {
    if (!KEY_ID.test(body.credentials.access_key_id)) wrong("access_key_id", t.newAccount.keyIdWrong);
    if (!body.credentials.secret_access_key) wrong("secret_access_key", t.newAccount.secretNeeded);
  }
  return errors;
}
