// The style of the page's modules. Names that do not exist and wrong types are tsc's.
const WAITS = [":function[async=true]", "CallExpression[callee.property.name=/^(then|catch|finally)$/]"];
const HARMLESS = "[callee.property.name=/^(whileHere|place)$/]";
const ACTS = "CallExpression[callee.object.name='api'][callee.property.name=/^(post|put|patch|remove)$/]";
const SUBMITS = "Property[key.name='onsubmit'] BlockStatement";
const COMMENT_IN_TEXT = {
  selector: "TemplateElement[value.raw=/\\n[ \\t]*\\x2f[\\x2f*]/]",
  message: "The build would take this line for a comment, and leave it out.",
};
const WAITS_ON = "AwaitExpression:not([argument.callee.name='first'])";

export default [
  {
    files: ["functions/dashboard/static/**/*.js", "tests/unit/dashboard/**/*.mjs", "local/page/*.mjs"],
    languageOptions: { ecmaVersion: "latest", sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "array-callback-return": "error",
      eqeqeq: "error",
      "max-len": ["error", { code: 120 }],
      "no-constant-binary-expression": "error",
      "no-duplicate-imports": "error",
      "no-eval": "error",
      "no-implicit-globals": "error",
      "no-new-func": "error",
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
          property,
          message: "A string never becomes markup.",
        })),
      ],
      "no-restricted-syntax": ["error", COMMENT_IN_TEXT],
      "no-self-compare": "error",
      "no-shadow": "error",
      "no-unreachable": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  {
    // What goes on after an await reaches the page only while the reader has not left the view.
    files: ["functions/dashboard/static/views/*.js", "functions/dashboard/static/lib/testing.js"],
    rules: {
      "no-restricted-globals": ["error", { name: "setTimeout", message: "Use later(): it ends with the view." }],
      "no-restricted-syntax": [
        "error",
        COMMENT_IN_TEXT,
        ...[
          `CallExpression[callee.object.name=/^(router|document|history)$/]:not(${HARMLESS})`,
          "CallExpression[callee.name=/^(dialog|confirm[A-Z]\\w*)$/]",
          "AssignmentExpression[left.object.name=/^(location|document)$/]",
        ].map((reach) => ({
          selector: `:matches(${WAITS.map((waits) => `${waits} ${reach}`)}):not(CallExpression[callee.name="here"] *)`,
          message: "Reach it through router.whileHere(): the reader may have left the view.",
        })),
        {
          selector: `${SUBMITS} > :has(${WAITS_ON}) ~ :has(${ACTS})`,
          message: "Await what comes before it through first(): the modal may have been closed.",
        },
      ],
    },
  },
];
