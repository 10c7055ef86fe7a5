// Accounts in text that a person pastes: which lines are read, as what, and what is said of the others.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accountsIn, nameOf } from "../../../functions/dashboard/static/lib/pasted.js";

const read = (text) => accountsIn(text).lines.map(({ line, account, error, of }) => account ?? [line, error, of]);
const numbered = (number, name = `Account${number}`, more = {}) => ({ provider_id: number, name, ...more });

for (const [what, text, lines] of [
  ["nothing", "", []],
  ["empty lines", "\n  \r\n\t\n", []],
  ["a number a line", "123456789012\n210987654321\r\n", [numbered("123456789012"), numbered("210987654321")]],
  [
    "numbers as the console shows them",
    " 1234-5678-9012 \n1234 5678 9013",
    [numbered("123456789012"), numbered("123456789013")],
  ],
  [
    "a name before or after the number",
    "Prod 123456789012\n123456789013 Test web\nDev,123456789014",
    [numbered("123456789012", "Prod"), numbered("123456789013", "TestWeb"), numbered("123456789014", "Dev")],
  ],
  [
    "cells without heads",
    "123456789012;Prod\n123456789013;",
    [numbered("123456789012", "Prod"), numbered("123456789013")],
  ],
  [
    "heads of the API",
    "name,provider_id,write_logs,role_name,role_path,regions\nProd,123456789012,no,CavokOne,/team/,eu-west-1 us-east-1",
    [
      numbered("123456789012", "Prod", {
        ...{ write_logs: false, regions: ["eu-west-1", "us-east-1"], role_name: "CavokOne", role_path: "/team/" },
      }),
    ],
  ],
  [
    "the export of AWS Organizations",
    "Account ID,ARN,Email,Name,Status\n123456789012,arn:aws:x,a@b.c,Prod - web,ACTIVE",
    [numbered("123456789012", "ProdWeb")],
  ],
  [
    "our own export",
    "account_id,provider,provider_id,name,access_type\n01JN8Q5M3C0000000000000001,aws,123456789012,One,assume_role",
    [numbered("123456789012", "One")],
  ],
  [
    "quoted cells, also over lines",
    'provider_id,name\n"123456789012","Prod ""web"",\neast"\n123456789013,Next',
    [numbered("123456789012", "ProdWebEast"), numbered("123456789013", "Next")],
  ],
  ["tabs", "provider_id\tname\n123456789012\tProd", [numbered("123456789012", "Prod")]],
  ["a head alone", "provider_id,name", []],
  [
    "a head without a number",
    "name,team\nProd,web",
    [
      [1, "numberMissing", undefined],
      [2, "numberMissing", undefined],
    ],
  ],
  [
    "a number of other digits",
    "12345678901\n1234567890123",
    [
      [1, "numberWrong", 11],
      [2, "numberWrong", 13],
    ],
  ],
  ["a number that a spreadsheet has made short", "provider_id\n1.23457E+11", [[2, "numberWrong", 8]]],
  [
    "a line without a number",
    "Prod\nname only",
    [
      [1, "numberMissing", undefined],
      [2, "numberMissing", undefined],
    ],
  ],
  [
    "a number twice",
    "123456789012\nProd\n1234-5678-9012",
    [numbered("123456789012"), [2, "numberMissing", undefined], [3, "twice", 1]],
  ],
  ["logs that are neither on nor off", "provider_id,write_logs\n123456789012,perhaps", [[2, "writeLogs", "perhaps"]]],
  ["an account with a key", "provider_id,access_type\n123456789012,access_key", [[2, "keyed", undefined]]],
])
  test(`of ${what}, each line is an account or has an error`, () => {
    assert.deepEqual(read(text), lines);
  });

test("a line keeps its number in the text and what it was, whatever is empty or goes over lines", () => {
  const { head, lines } = accountsIn('\nprovider_id,name\n\n123456789012,"a\nb"\n\nwrong,c');
  assert.equal(head, "provider_id,name");
  assert.deepEqual(
    lines.map(({ line, source }) => [line, source]),
    [
      [4, '123456789012,"a\nb"'],
      [7, "wrong,c"],
    ],
  );
});

test("what is left of a text is read as it was", () => {
  const text = "name;provider_id\nProd;1234\nTest;123456789012";
  const { head, lines } = accountsIn(text);
  const rest = [head, ...lines.map(({ source }) => source)].join("\n");
  assert.deepEqual(accountsIn(rest), accountsIn(text));
});

test("a name has letters and digits alone", () => {
  for (const [text, name] of [
    ["QuietHouse", "QuietHouse"],
    ["quiet", "quiet"],
    ["quiet-house 2", "QuietHouse2"],
    ["Büro Süd", "BuroSud"],
    ["データ", ""],
    ["", ""],
    ["x ".repeat(80), "X".repeat(64)],
  ])
    assert.equal(nameOf(text), name);
});

test("many thousand lines are read", () => {
  const text = Array.from({ length: 20_000 }, (_, index) => `${100_000_000_000 + index},Name${index}`).join("\n");
  assert.equal(accountsIn(text).lines.filter(({ account }) => account).length, 20_000);
});
