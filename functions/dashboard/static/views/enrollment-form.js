// The form of an enrollment: to add one, and to change one.
import { choice } from "../lib/choice.js";
import { h } from "../lib/dom.js";
import { bodyOf, tagsText, wrongIn } from "../lib/enrollment-options.js";
import { dialog } from "../lib/modal.js";
import { regionsField } from "../lib/regions-field.js";
import { field, form } from "../lib/ui.js";
import { readable } from "../texts.js";
import { t } from "./texts.js";

// The groups of permissions without which Cavok cannot work.
const ALWAYS = new Set(["trust", "checking"]);
const UNLESS_ASKED = new Set(["encrypted_volumes"]);

/**
 * `known`: the enrollment that is changed. `save` gets what was typed, of a change only what is different, and the
 * form's `first`.
 * @param {{title: string, submitText: string, known?: any, save: (body: any, first: any) => Promise<any>,
 *   onSaved: (saved: any) => void}} options
 */
export function enrollmentForm({ title, submitText, known, save, onSaved }) {
  dialog({
    title,
    wide: true,
    content: ({ close }) => {
      const { fields, read } = fieldsOf(known);
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

function fieldsOf(known) {
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
  const groups = [...new Set([...Object.keys(t.groupTexts), ...(known?.features ?? [])])].filter(
    (group) => !ALWAYS.has(group),
  );
  const boxes = groups.map((group) =>
    h("input", {
      type: "checkbox",
      value: group,
      checked: known ? known.features.includes(group) : !UNLESS_ASKED.has(group),
    }),
  );
  const isUsual = () => !known && boxes.every(({ checked, value }) => checked === !UNLESS_ASKED.has(value));
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
      h(
        "fieldset",
        { class: "field", "data-field": "features" },
        h("legend", {}, texts.features),
        groups.map((group, index) =>
          h("label", { class: "checkbox" }, boxes[index], h("span", {}, t.groupTexts[group]?.title ?? readable(group))),
        ),
        h("p", { class: "field-error", "aria-live": "polite" }),
      ),
    ),
  ];
  // Null if a region is not one.
  const read = (node) => {
    const named = regions.read();
    if (named === null) return null;
    const values = Object.fromEntries(Object.entries(typed).map(([name, input]) => [name, input.value]));
    const isLogging = !node.querySelector('input[name="write_logs"][value="no"]:checked');
    const features = isUsual() ? undefined : boxes.filter(({ checked }) => checked).map(({ value }) => value);
    return bodyOf({ ...values, regions: named, write_logs: isLogging, features }, known);
  };
  return { fields, read };
}
