// The form of an enrollment: to add one, and to change one.
import { catalogOf } from "../lib/catalog.js";
import { choice } from "../lib/choice.js";
import { h } from "../lib/dom.js";
import { bodyOf, tagsText, wrongIn } from "../lib/enrollment-options.js";
import { dialog } from "../lib/modal.js";
import { regionsField } from "../lib/regions-field.js";
import { field, form, skeleton } from "../lib/ui.js";
import { load } from "../lib/watched.js";
import { t } from "./texts.js";

/**
 * `known`: the enrollment that is changed. `save` gets what was typed, of a change only what is different, and the
 * form's `first`.
 * @param {{title: string, submitText: string, known?: any, save: (body: any, first: any) => Promise<any>,
 *   onSaved: (saved: any) => void}} options
 */
export function enrollmentForm({ title, submitText, known, save, onSaved }) {
  const closed = new AbortController();
  dialog({
    title,
    wide: true,
    onClose: () => closed.abort(),
    content: ({ close }) => {
      const { fields, read } = fieldsOf(known, closed.signal);
      return form({
        submitText,
        cancel: close,
        fields,
        async onsubmit(node, first, done) {
          const body = read(node);
          const errors = (body ? wrongIn(body) : []).map(({ field: name, error, of }) => ({
            field: name,
            message: t.enrollments.wrong[error](of),
          }));
          if (errors.length || !body) throw { status: 422, errors };
          const saved = Object.keys(body).length ? await save(body, first) : known;
          if (done()) onSaved(saved);
        },
      });
    },
  });
}

function fieldsOf(known, signal) {
  const typed = {};
  const text = (name, value, attributes = {}) => {
    typed[name] = h("input", {
      type: "text",
      class: "input",
      autocomplete: "off",
      spellcheck: "false",
      autocapitalize: "none",
      value: value ?? "",
      ...attributes,
    });
    return typed[name];
  };
  const lines = (name, value, rows = "2") => {
    typed[name] = h("textarea", {
      class: "input",
      rows,
      spellcheck: "false",
      autocapitalize: "none",
      value: value ?? "",
    });
    return typed[name];
  };
  const of = (name, label, help, input) => field({ name, label, help, optional: true, input });
  const regions = regionsField({ value: known?.regions ?? [], help: t.enrollments.regionsHelp, optional: !known });
  const features = featuresField(known, signal);
  const texts = t.enrollments;
  const fields = [
    known && h("p", { class: "help" }, texts.changeNote),
    field({
      name: "name",
      label: texts.name,
      help: t.newAccount.nameHelp,
      input: text("name", known?.name, { maxlength: "64" }),
    }),
    of(
      "management_account_id",
      texts.account,
      texts.accountHelp,
      text("management_account_id", known?.management_account_id, { inputmode: "numeric", maxlength: "20" }),
    ),
    of("include_ous", texts.includeOus, texts.includeOusHelp, lines("include_ous", known?.include_ous.join("\n"))),
    of("exclude_ous", texts.excludeOus, texts.excludeOusHelp, lines("exclude_ous", known?.exclude_ous.join("\n"))),
    of(
      "exclude_accounts",
      texts.excludeAccounts,
      texts.excludeAccountsHelp,
      lines("exclude_accounts", known?.exclude_accounts.join("\n")),
    ),
    of(
      "name_pattern",
      texts.namePattern,
      texts.namePatternHelp,
      text("name_pattern", known?.name_pattern, { maxlength: "64", placeholder: "*" }),
    ),
    regions.node,
    choice({
      name: "write_logs",
      label: t.newAccount.writeLogs,
      value: known?.write_logs === false ? "no" : "yes",
      className: "choice-row",
      options: [
        { value: "yes", title: t.yes, text: texts.writeLogsYes },
        { value: "no", title: t.no, text: texts.writeLogsNo },
      ],
    }),
    h(
      "details",
      { class: "more-fields" },
      h("summary", {}, texts.more),
      // All roles would have to move with their path.
      !known &&
        of(
          "role_path",
          t.newAccount.rolePath,
          t.newAccount.rolePathHelp,
          text("role_path", "", { placeholder: "/", maxlength: "64" }),
        ),
      of(
        "permissions_boundary",
        texts.boundary,
        texts.boundaryHelp,
        text("permissions_boundary", known?.permissions_boundary),
      ),
      of("tags", texts.tags, texts.tagsHelp, lines("tags", tagsText(known?.tags), "3")),
      features.node,
    ),
  ];
  // Null if a region is not one.
  const read = (node) => {
    const named = regions.read();
    if (named === null) return null;
    const values = Object.fromEntries(Object.entries(typed).map(([name, input]) => [name, input.value]));
    const isLogging = !node.querySelector('input[name="write_logs"][value="no"]:checked');
    return bodyOf({ ...values, regions: named, write_logs: isLogging, features: features.read(isLogging) }, known);
  };
  return { fields, read };
}

// Which groups of permissions are features, and which an enrollment has by default, the catalog says. Nothing waits for
// it: until it is there, a new enrollment gets the default, and another keeps its own.
function featuresField(known, signal) {
  /** @type {{group: any, box: HTMLInputElement}[]} */
  let shown = [];
  const place = h("div", {});
  const node = h(
    "fieldset",
    { class: "field", "data-field": "features" },
    h("legend", {}, t.enrollments.features),
    place,
    h("p", { class: "field-error", "aria-live": "polite" }),
  );
  const draw = ({ groups }) => {
    shown = groups
      .filter(({ feature }) => feature)
      .map((group) => {
        const checked = known ? known.features.includes(group.group) : !group.optional;
        return { group, box: h("input", { type: "checkbox", value: group.group, checked }) };
      });
    return shown.map(({ group, box }) => labelled(group, box));
  };
  load(place, catalogOf(signal), draw, { signal, placeholder: () => skeleton(3) });
  // The API's default has logs only where they are written.
  const read = (isLogging) => {
    const isUsual = !known && isLogging && shown.every(({ group, box }) => box.checked === !group.optional);
    if (isUsual || !shown.length) return known?.features;
    return shown.filter(({ box }) => box.checked).map(({ box }) => box.value);
  };
  return { node, read };
}

// A group without words here has the catalog's.
function labelled({ group, title, why }, box) {
  const text = t.groupTexts[group];
  return [
    h("label", { class: "checkbox" }, box, h("span", {}, text?.title ?? title)),
    !text && h("p", { class: "help" }, why),
  ];
}
