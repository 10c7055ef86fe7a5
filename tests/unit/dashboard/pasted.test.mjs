// Accounts in text that a person pastes: which lines are read, as what, and what is said of the others.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accountsIn, asOneText, nameOf, textOf } from "../../../functions/dashboard/static/lib/pasted.js";

const read = (text) => accountsIn(text).map(({ line, account, error, of }) => account ?? [line, error, of]);
const numbered = (number, name = `Account${number}`, more = {}) => ({ provider_id: number, name, ...more });

const ORGANIZATION = "arn:aws:organizations::111122223333:account/o-example";
const organized = (Id, Name, State = "ACTIVE") => ({ Id, Arn: `${ORGANIZATION}/${Id}`, Email: "a@b.c", Name, State });
const ACCOUNTS = [organized("123456789012", 'Prod, "web"'), organized("123456789013", "Dev", "SUSPENDED")];
const PRINTED = JSON.stringify({ Accounts: [...ACCOUNTS, organized("111122223333", "Root")] }, null, 4);
const AS_TEXT = [ACCOUNTS[0], organized("111122223333", "Root"), ACCOUNTS[1]]
  .map(({ Id, Arn, Name, State }) =>
    ["ACCOUNTS", Arn, "a@b.c", Id, "INVITED", "2026-01-01T00:00:00Z", Name, State].join("\t"),
  )
  .join("\n");
const CONFIG = [
  "[default]",
  "region = eu-west-1",
  "",
  "# Web",
  "[profile prod-web]",
  "role_arn = arn:aws:iam::123456789012:role/CavokCloud",
  "source_profile = default",
  "[profile dev]",
  "role_arn=arn:aws:iam::123456789013:role/Admin",
  "[profile sso]",
  "sso_account_id = 123456789014",
].join("\n");

for (const [what, text, lines] of [
  ["nothing", "", []],
  [
    "what the AWS CLI prints of an organization",
    PRINTED,
    [numbered("123456789012", "ProdWeb"), [11, "notActive", "SUSPENDED"], numbered("111122223333", "Root")],
  ],
  [
    "the same on one line, or other keys or cells alone",
    JSON.stringify([{ id: "123456789012", name: "Prod" }, { id: "123456789013" }, { name: "None" }]),
    [numbered("123456789012", "Prod"), numbered("123456789013"), [1, "numberMissing", undefined]],
  ],
  [
    "YAML in a mail, in colours",
    `> Hi\n> \u001b[34m- Id\u001b[0m: '123456789012'\n>   Name: Prod\n> > 123456789013 Dev`,
    [[1, "numberMissing", undefined], numbered("123456789012", "Prod"), numbered("123456789013", "Dev")],
  ],
  [
    "digits of other scripts",
    "１２３４-５６７８-９０１２ Prod\n١٢٣٤٥٦٧٨٩٠١٣,Dev\n𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡𝟘𝟙𝟜",
    [numbered("123456789012", "Prod"), numbered("123456789013", "Dev"), numbered("123456789014")],
  ],
  [
    "cells of JSON",
    '[\n["123456789012", "Prod"],\n["123456789013"]\n]',
    [numbered("123456789012", "Prod"), numbered("123456789013")],
  ],
  [
    "accounts in several lists, objects and depths of JSON",
    JSON.stringify({
      prod: [{ Id: "111111111111", Name: "A", Children: [{ Id: "222222222222", Name: "B" }] }],
      dev: { list: [{ account: "333333333333" }], Account: { Id: "444444444444", Name: "D" } },
    }),
    [
      ...[numbered("111111111111", "A"), numbered("222222222222", "B")],
      ...[numbered("333333333333"), numbered("444444444444", "D")],
    ],
  ],
  [
    "one account as the AWS CLI describes it",
    JSON.stringify({ Account: { Id: "111111111111", Arn: "arn:x", Name: "Prod", Status: "ACTIVE" } }),
    [numbered("111111111111", "Prod")],
  ],
  [
    "cells of JSON with states, ARNs and addresses",
    JSON.stringify([
      ["111111111111", "ACTIVE", "Prod"],
      ["222222222222", "SUSPENDED", "Dev"],
      ["a@b.c", "333333333333", "Mail"],
      [`${ORGANIZATION}/444444444444`, "444444444444", "Arn"],
    ]),
    [
      ...[numbered("111111111111", "Prod"), [1, "notActive", "SUSPENDED"]],
      ...[numbered("333333333333", "Mail"), numbered("444444444444", "Arn")],
    ],
  ],
  [
    "other cells as text",
    "ACCOUNTS\t111111111111\tProd\nACCOUNTS\t222222222222\tDev",
    [numbered("111111111111", "Prod"), numbered("222222222222", "Dev")],
  ],
  [
    "a page of what the AWS CLI prints as text",
    `${AS_TEXT.split("\n")[0]}\nNEXTTOKEN\teyJ0`,
    [numbered("123456789012", "ProdWeb")],
  ],
  [
    "a profile with comments",
    "[profile a] # Main\nsso_account_id = 111111111111 # not 222222222222",
    [numbered("111111111111", "a")],
  ],
  [
    "accounts of our own API",
    JSON.stringify({
      items: [{ account_id: "x", provider_id: "123456789012", name: "A", regions: ["a", "b"], write_logs: true }],
    }),
    [numbered("123456789012", "A", { write_logs: true, regions: ["a", "b"] })],
  ],
  [
    "a part of JSON, of whose keys none is a name",
    '  "Id": "123456789012",\nAccount: 123456789013\nNumber: 123456789014',
    [numbered("123456789012"), numbered("123456789013"), numbered("123456789014")],
  ],
  [
    "what the AWS CLI prints of an organization as text",
    AS_TEXT,
    [numbered("123456789012", "ProdWeb"), numbered("111122223333", "Root"), [3, "notActive", "SUSPENDED"]],
  ],
  [
    "the profiles of the AWS CLI",
    CONFIG,
    [
      numbered("123456789012", "ProdWeb", { role_name: "CavokCloud", role_path: "/" }),
      numbered("123456789013", "dev"),
      numbered("123456789014", "sso"),
    ],
  ],
  ["a rounded number of another language", "1,23457E+11;Prod", [[1, "numberRounded", "1,23457E+11"]]],
  ["such a number alone", "1,23457E+11", [[1, "numberRounded", "1,23457E+11"]]],
  [
    "such a number below another",
    "123456789012\n1,23457E+11",
    [numbered("123456789012"), [2, "numberRounded", "23457E+11"]],
  ],

  ["empty lines", "\n  \r\n\t\n", []],
  ["a number a line", "123456789012\n210987654321\r\n", [numbered("123456789012"), numbered("210987654321")]],
  [
    "numbers as the console shows them",
    " 1234-5678-9012 \n1234 5678 9013",
    [numbered("123456789012"), numbered("123456789013")],
  ],
  [
    "numbers with the spaces and dashes of other programs, beside a name",
    "Prod 1234\u00a05678\u00a09012\n1234\u202f5678\u202f9013 Test\n1234\u20135678\u20119014,Dev",
    [numbered("123456789012", "Prod"), numbered("123456789013", "Test"), numbered("123456789014", "Dev")],
  ],
  [
    "numbers with signs that nobody sees, in a table or beside a name",
    "number,name\n\u202d123456789012\u202c,Prod\n1234\u00ad5678\u200b9013,Test\n" +
      "name,number\nDev,\u200b12345678901\u200b4",
    [numbered("123456789012", "Prod"), numbered("123456789013", "Test"), numbered("123456789014", "Dev")],
  ],
  [
    "numbers with such signs, without heads",
    "\u202d123456789012\u202c,Prod\n1234\u00ad5678\u00ad9013 Test\n\u200b12345678901\u200b4",
    [numbered("123456789012", "Prod"), numbered("123456789013", "Test"), numbered("123456789014")],
  ],
  [
    "the ARN of a role in a sentence",
    'Prod (arn:aws:iam::123456789012:role/CavokOne)\nIt is "arn:aws:iam::123456789013:role/team/Cavok.Two".',
    [
      numbered("123456789012", "Prod", { role_name: "CavokOne", role_path: "/" }),
      numbered("123456789013", "ItIs", { role_name: "Cavok.Two", role_path: "/team/" }),
    ],
  ],
  [
    "a name before or after the number",
    "Prod 123456789012\n123456789013 Test web\nDev,123456789014",
    [numbered("123456789012", "Prod"), numbered("123456789013", "TestWeb"), numbered("123456789014", "Dev")],
  ],
  [
    "the ARN of a role, which is no name",
    "arn:aws:iam::123456789012:role/CavokOne\nProd,123456789013,arn:aws:iam::123456789013:role/team/CavokTwo\n" +
      "123456789014 arn:aws:iam::123456789014:root\narn:aws-cn:iam::123456789015:role/CavokOne",
    [
      numbered("123456789012", undefined, { role_name: "CavokOne", role_path: "/" }),
      numbered("123456789013", "Prod", { role_name: "CavokTwo", role_path: "/team/" }),
      numbered("123456789014"),
      [4, "roleArn", "arn:aws-cn:iam::123456789015:role/CavokOne"],
    ],
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
  [
    "quoted cells over lines of any kind, after which the lines count on",
    'name,number\n"a\rb\r\nc\nd" ,123456789012\nx',
    [numbered("123456789012", "ABCD"), [6, "numberMissing", undefined]],
  ],
  [
    "a value that is no account's for its length alone",
    `number,name\n123456789012,${"a ".repeat(5_001)}\n123456789013,${"b ".repeat(5_000)}`,
    [[2, "valueTooLong", undefined], numbered("123456789013", "B".repeat(64))],
  ],
  [
    "numbers far into a line, whatever part of it is read at once",
    ["1".repeat(9_985), "1234-5678-9012", "9".repeat(9_960), "123456789013", "é".repeat(9_000)].join(" "),
    [[1, "severalNumbers", undefined]],
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
  ["no digit where the number should be", "number;name\nbad;C", [[2, "numberMissing", undefined]]],
  [
    "a number of other digits",
    "12345678901\n1234567890123",
    [
      [1, "numberWrong", 11],
      [2, "numberWrong", 13],
    ],
  ],
  [
    "a number that a spreadsheet has rounded",
    'provider_id\n1.23457E+11\n"1,23457E+11"\n123456789012\n1.2e+11 Prod',
    [
      [2, "numberRounded", "1.23457E+11"],
      [3, "numberRounded", "1,23457E+11"],
      numbered("123456789012"),
      [5, "numberRounded", "1.2e+11 Prod"],
    ],
  ],
  [
    "a line of more cells than heads",
    'number,name\n123456789012,Prod, web\n123456789013,Next,,\n123456789014,"Last, too"',
    [[2, "tooManyCells", 2], numbered("123456789013", "Next"), numbered("123456789014", "LastToo")],
  ],
  [
    "several numbers",
    "111111111111, 222222222222, 3333-3333-3333\n444444444444 555555555555\n111111111111,666666666666",
    [
      ...["111111111111", "222222222222", "333333333333", "444444444444", "555555555555"].map((each) => numbered(each)),
      [3, "twice", 1],
      numbered("666666666666"),
    ],
  ],
  [
    "several numbers and a name",
    "Prod 111111111111, Test 222222222222\n111111111111,Prod,111111111111",
    [[1, "severalNumbers", undefined], numbered("111111111111", "Prod")],
  ],
  [
    "a quote that is not closed",
    'name,provider_id\nOne,111111111111\n"Two,222222222222\nThree,333333333333\n"Four","444444444444"\n"Five',
    [
      numbered("111111111111", "One"),
      [3, "quoteOpen", undefined],
      numbered("333333333333", "Three"),
      numbered("444444444444", "Four"),
      [6, "quoteOpen", undefined],
    ],
  ],
  [
    "quotes within a cell",
    'name,provider_id\n"Prod" web,111111111111\nPro"d,222222222222',
    [numbered("111111111111", "ProdWeb"), numbered("222222222222", "ProD")],
  ],
  ["a file that tells Excel its separator", "sep=;\nname;number\nA;111111111111", [numbered("111111111111", "A")]],
  [
    "roles by their ARNs",
    [
      "account_id,provider_id,status,role_arn",
      "x,111111111111,confirmed,arn:aws:iam::111111111111:role/CavokOne",
      "x,222222222222,failed,arn:aws:iam::222222222222:role/team/a/CavokTwo",
      "x,333333333333,degraded,",
      "x,444444444444,degraded,arn:aws:iam::111111111111:role/CavokOne",
    ].join("\n"),
    [
      numbered("111111111111", undefined, { role_name: "CavokOne", role_path: "/" }),
      numbered("222222222222", undefined, { role_name: "CavokTwo", role_path: "/team/a/" }),
      numbered("333333333333"),
      [5, "roleArn", "arn:aws:iam::111111111111:role/CavokOne"],
    ],
  ],
  [
    "accounts that AWS Organizations has suspended or closed",
    "Id,Arn,Name,Status\n111111111111,arn:aws:x,A,ACTIVE\n222222222222,arn:aws:x,B,SUSPENDED",
    [numbered("111111111111", "A"), [3, "notActive", "SUSPENDED"]],
  ],
  [
    "such accounts without their ARNs, beside a status of ours",
    "Number,State\n111111111111,SUSPENDED\n222222222222,closed\n333333333333,PENDING_CLOSURE\n444444444444,failed",
    [
      [2, "notActive", "SUSPENDED"],
      [3, "notActive", "closed"],
      [4, "notActive", "PENDING_CLOSURE"],
      numbered("444444444444"),
    ],
  ],
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

const tabbed = (rows) => rows.map((cells) => cells.join("\t")).join("\n");
const drawn = (rows) =>
  ["----", "|  ListAccounts  |", "+--+--+", ...rows.map((row) => `|  ${row.join(" |  ")}  |`)].join("\n");
const json = (value, gap = 1) => JSON.stringify(value, null, gap);
const objects = ACCOUNTS.map(Object.entries);
const cells = ACCOUNTS.map(Object.values);
const yaml = objects.map((pairs) => pairs.map(([key, value], at) => `${at ? " " : "-"} ${key}: '${value}'`).join("\n"));

for (const [what, text, ...lines] of [
  ["as text with its paths", AS_TEXT.replace(/.*Root.*\n/, "").replace(/$/gm, "\nPATHS\to-x/r-x/"), 1, 3],
  ["as text of a query", tabbed(ACCOUNTS.map(({ Id, Name, State }) => [Id, Name, State])), 1, 2],
  [
    "as text of a query that begins with the state",
    tabbed(ACCOUNTS.map(({ Id, Name, State }) => [State, Id, Name])),
    1,
    2,
  ],
  ["as text of whole accounts", tabbed(cells), 1, 2],
  ["as a table", drawn(cells), 4, 5],
  ["as a table with heads", drawn([Object.keys(ACCOUNTS[0]), ...cells]), 5, 6],
  ["as a table with a key a line", drawn(objects.flat()), 4, 9],
  ["as YAML", `Accounts:\n${yaml.join("\n")}`, 2, 7],
  ["as an object a line", ACCOUNTS.map((each) => json(each, 0)).join("\n"), 1, 2],
  ["as one object after the other", ACCOUNTS.map((each) => json(each)).join("\n"), 2, 9],
  ["in pages", ACCOUNTS.map((each) => json({ Accounts: [each] })).join("\n"), 4, 15],
  ["between what was typed", `me@x:~$ aws organizations list-accounts\n${json(ACCOUNTS)}\nme@x:~$ aws sts help`, 4, 11],
  ["without its end", json({ Accounts: ACCOUNTS }).slice(0, -5), 4, 11],
  ["as a map by number", json(Object.fromEntries(ACCOUNTS.map(({ Id, ...each }) => [Id, each]))), 2, 8],
])
  test(`what the AWS CLI prints ${what} has the name and the state of each account`, () => {
    const found = accountsIn(text).filter(({ account, error }) => account || error !== "numberMissing");
    const said = found.map(({ line, account, error }) => [line, account?.provider_id, account?.name ?? error]);
    assert.deepEqual(said, [
      [lines[0], "123456789012", "ProdWeb"],
      [lines[1], undefined, "notActive"],
    ]);
  });

for (const [what, text, stray] of [
  ["a tag", json([{ ...ACCOUNTS[0], Tags: [{ Key: "cost", Value: "999999999999" }] }, ACCOUNTS[1]]), "999999999999"],
  ["the account of an administrator", json({ MasterId: "999999999999", Members: ACCOUNTS }), "999999999999"],
  ["an address", json([{ ...ACCOUNTS[0], Email: "aws-999999999999@b.c" }, ACCOUNTS[1]]), "999999999999"],
  ["a list within an account", json([{ ...ACCOUNTS[0], Linked: ["999999999999"] }, ACCOUNTS[1]]), "999999999999"],
  ["a role of another account", json({ roles: ["arn:aws:iam::999999999999:role/A"], of: ACCOUNTS }), "999999999999"],
  ["another number of an account", json([{ accountId: 99999999999, ...ACCOUNTS[0] }, ACCOUNTS[1]]), "99999999999"],
  ["what is no account in YAML", `Payer: '999999999999'\n${yaml.join("\n")}`, "999999999999"],
])
  test(`${what} is said by itself, and leaves the accounts what they are`, () => {
    const lines = accountsIn(text);
    assert.deepEqual(lines.map(({ account, error, of }) => account?.name ?? `${error} ${of}`).toSorted(), [
      "ProdWeb",
      `elsewhere ${stray}`,
      "notActive SUSPENDED",
    ]);
    // In what is left of it, too.
    const rest = lines.filter(({ error }) => error === "elsewhere");
    assert.deepEqual(
      accountsIn(textOf(rest)).map(({ error, of }) => [error, of]),
      [["elsewhere", stray]],
    );
  });

const [A, B, C, D] = ["111111111111", "222222222222", "333333333333", "444444444444"];
const LISTED = drawn([
  ["Id", "Name", "Status"],
  [A, "Prod", "ACTIVE"],
  [B, "Old", "SUSPENDED"],
]);

for (const [what, text, lines] of [
  [
    "keys in another order",
    `- Id: '${A}'\n  Name: A\n- Id: '${B}'\n- Status: SUSPENDED\n  Name: C\n  Id: '${C}'`,
    [numbered(A, "A"), numbered(B), [6, "notActive", "SUSPENDED"]],
  ],
  ["a name before the number", `- Id: '${A}'\n- Name: B\n  Id: '${B}'`, [numbered(A), numbered(B, "B")]],
  [
    "empty lines between them",
    `Account: ${A}\n\nStatus: closed\nName: B\nAccount: ${B}`,
    [numbered(A), [5, "notActive", "closed"]],
  ],
  ["no name", `- Id: '${A}'\n  Name: null\n- Id: '${B}'\n  Name: B`, [numbered(A), numbered(B, "B")]],
  [
    "the names of their owners",
    `- Id: '${A}'\n  owner:\n    name: Tom\n- owner:\n    name: Ann\n  Id: '${B}'\n  Name: B`,
    [numbered(A), numbered(B, "B")],
  ],
  [
    "another name before one, nobody knows of which",
    `prod:\n  account: ${A}\nowner:\n  name: Tom\ndev:\n  account: ${B}\n  name: Dev`,
    [numbered(A), numbered(B)],
  ],
  [
    "keys that end in one column",
    `account_id: ${A}\n      name: Prod\n    status: ACTIVE\n*** 2. row ***\naccount_id: ${B}\n    status: CLOSED`,
    [numbered(A, "Prod"), [4, "numberWrong", 1], [5, "notActive", "CLOSED"]],
  ],
  [
    "a state, nobody knows of which",
    `Name: Tom\nAccount: ${A}\nAccount: ${B}\nStatus: closed`,
    [...[2, 3].map((line) => [line, "inDoubt", { line: 4, state: "closed" }]), [4, "ofWhich", "closed"]],
  ],
  [
    "a state apart from any",
    `Account: ${A}\n\nName: A\n\nStatus: SUSPENDED\n\nAccount: ${B}\n\nAccount: ${C}`,
    [
      [1, "inDoubt", { line: 5, state: "SUSPENDED" }],
      [3, "numberMissing", undefined],
      [5, "ofWhich", "SUSPENDED"],
      ...[7, 9].map((line) => [line, "inDoubt", { line: 5, state: "SUSPENDED" }]),
    ],
  ],
  ["the state of what is around it", `Status: closed\nAccount:\n  Id: '${A}'\n  Name: A`, [[3, "notActive", "closed"]]],
  ["a name of one, nobody knows which", `Account 1: ${A}\nAccount 2: ${B}\nName: Tom`, [numbered(A), numbered(B)]],
  [
    "other numbers, as a person writes them",
    `Account ID: ${A}\nName: Payer\n\n2222-2222-2222 Dev\nProd 3333 3333 3333`,
    [numbered(A, "Payer"), numbered(B, "Dev"), numbered(C, "Prod")],
  ],
  [
    "numbers written so within",
    `Account ID: ${A}\nName: Payer\nOthers: 2222-2222-2222`,
    [numbered(A, "Payer"), [3, "elsewhere", B]],
  ],
  ["their own numbers written so", `Name: A\nAccount: 1111-1111-1111`, [numbered(A, "A")]],
  [
    "profiles, and numbers written so",
    `[profile a]\nsso_account_id = ${A}\naccount = 2222-2222-2222`,
    [numbered(A, "a"), [3, "elsewhere", B]],
  ],
  [
    "JSON, and a number written so",
    `{"Id":"${A}","Name":"A","x":"2222-2222-2222"}`,
    [numbered(A, "A"), [1, "elsewhere", B]],
  ],
  [
    "lines and a table around it",
    `Name: Tom\nAccount: ${D}\n\nProd,${A}\n${B}\nname,account,role_name\nC,${C},CavokC`,
    [...[numbered(D, "Tom"), numbered(A, "Prod"), numbered(B)], numbered(C, "C", { role_name: "CavokC" })],
  ],
  [
    "maps from names to numbers, and from numbers to names",
    json({ account: C, environments: { Prod: A, Dev: B }, others: { [D]: "Test", 555555555555: "SUSPENDED" } }),
    [numbered(C), numbered(A, "Prod"), numbered(B, "Dev"), numbered(D, "Test"), [9, "notActive", "SUSPENDED"]],
  ],
  [
    "a map that may be of anything",
    json({ account: A, Tags: { payer: B, owner: C }, trust: { externalId: D } }),
    [numbered(A), [4, "elsewhere", B], [5, "elsewhere", C], [8, "elsewhere", D]],
  ],
  [
    "numbers for names",
    `account: ${A}\nid: ${B}\nname: ${C}\nregion: ${D}`,
    [numbered(A), numbered(B), numbered(C), numbered(D)],
  ],
  ["the number of another for a name", json({ id: A, name: B }), [numbered(A), [3, "elsewhere", B]]],
  ...["me ❯ aws x", "➜ ~ aws x", "# Accounts", "Here is what it says:"].map((above) => [
    `a table below "${above}"`,
    `${above}\n${LISTED}`,
    [[1, "numberMissing", undefined], numbered(A, "Prod"), [7, "notActive", "SUSPENDED"]],
  ]),
  [
    "a table between words",
    `Hi\n\n| Name | Account | Status |\n|:--|--:|---|\n| Prod | ${A} | Active |\n| Old | ${B} | Closed |\nBye`,
    [[1, "numberMissing", undefined], numbered(A, "Prod"), [6, "notActive", "Closed"], [7, "numberMissing", undefined]],
  ],
  [
    "a line above a spreadsheet",
    `-----\nOwner;Name;Account;State\nTom;Prod;${A};\nAnn;Old;${B};Closed (2024)`,
    [numbered(A, "Prod"), [4, "notActive", "Closed (2024)"]],
  ],
  [
    "other numbers in a table",
    `Management account,Account,Name,Notes\n${D},${A},Prod,of ${C}\n${D},${B},Old,\n${D},${D},Payer,${C}`,
    [numbered(A, "Prod"), [2, "elsewhere", C], numbered(B, "Old"), numbered(D, "Payer")],
  ],
  [
    "numbers that are part of longer ones",
    `4111-1111-1111-1111\n${A}-1\n0f8fad5b-d9cb-469f-a165-${B}\n${C} 2024`,
    [[1, "numberWrong", 16], [2, "numberWrong", 13], [3, "numberWrong", 22], numbered(C, "2024")],
  ],
  ["a table of Jira", `||Account||Name||Status||\n|${A}|Prod|ACTIVE|`, [numbered(A, "Prod")]],
  [
    "states of Jira",
    [
      "||Account||Name||Status||",
      `|${A}|P|{status:colour=Green|title=ACTIVE}|`,
      `|${B}|O|{status:title=SUSPENDED|colour=Red}|`,
    ].join("\n"),
    [numbered(A, "P"), [3, "notActive", "SUSPENDED"]],
  ],
  [
    "profiles between other lines",
    `$ cat config\n[profile a]\nsso_account_id = ${A}\n\n${B} Dev\nHi\n[profile c]\nsso_account_id = ${C}`,
    [
      [1, "numberMissing", undefined],
      numbered(A, "a"),
      numbered(B, "Dev"),
      [6, "numberMissing", undefined],
      numbered(C, "c"),
    ],
  ],
  [
    "words above what the AWS CLI prints as text",
    `Hi, here they are:\n\nACCOUNTS\ta@b.c\t${A}\tINVITED\tProd, web\tACTIVE\n${B}  Dev  ACTIVE`,
    [[1, "numberMissing", undefined], numbered(A, "ProdWeb"), numbered(B, "Dev")],
  ],
  ["what looks like a command", "Accounts > aws prod: 1111-1111-1111", [numbered(A, "AccountsAwsProd")]],
  ["such in a table", `name,account\nA > aws b,${A}\nPaths,${B}`, [numbered(A, "AAwsB"), numbered(B, "Paths")]],
  ["a name that the AWS CLI has as well", `PATHS\t${A}`, [numbered(A, "PATHS")]],
  [
    "a state of another name",
    `Account ID,Name,Account status\n${A},Prod,ACTIVE\n${B},Old,SUSPENDED`,
    [numbered(A, "Prod"), [3, "notActive", "SUSPENDED"]],
  ],
  [
    "a state that is an object, beside the account or in it",
    json([
      { account: { Id: A, Name: "Prod" }, state: { Status: "SUSPENDED" } },
      { Id: B, Name: "Old", Status: { Name: "CLOSED", since: null } },
      { account: { Id: C, Name: "Dev" }, state: { Status: "ACTIVE" } },
    ]),
    [[4, "notActive", "SUSPENDED"], [12, "notActive", "CLOSED"], numbered(C, "Dev")],
  ],
  [
    "such states of JSON, and around it",
    json(
      [
        { id: A, accountStatus: "SUSPENDED" },
        { Account: { Id: B, Name: "B" }, lifecycle_state: "CLOSED" },
      ],
      0,
    ),
    [
      [1, "notActive", "SUSPENDED"],
      [1, "notActive", "CLOSED"],
    ],
  ],
  [
    "a number twice in a line",
    `\n[["${A}", "A"], ["${B}", "B"], ["${A}", "C"]]`,
    [numbered(A, "A"), numbered(B, "B"), [2, "twice", 2]],
  ],
])
  test(`accounts with ${what} have what is said of each`, () => {
    assert.deepEqual(read(text), lines);
  });

test("numbers that are no accounts' in the profiles of the AWS CLI are said by themselves", () => {
  const more = "external_id = 999999999999\nmfa_serial = arn:aws:iam::888888888888:mfa/me\n";
  assert.deepEqual(read(CONFIG.replace("source_profile", `${more}source_profile`)), [
    numbered("123456789012", "ProdWeb", { role_name: "CavokCloud", role_path: "/" }),
    [7, "elsewhere", "999999999999"],
    numbered("123456789013", "dev"),
    numbered("123456789014", "sso"),
  ]);
  const written = [
    '[profile a]\nrole_arn = "arn:aws:iam::123456789012:role/x"',
    "[b]\nRole_Arn = arn:aws:iam::123456789013:role/x",
    '[c]\nsso_account_id = "1234-5678-9014"\n[d]\nsso_account_id = 12345678901',
  ];
  assert.deepEqual(read(written.join("\n")), [
    ...[numbered("123456789012", "a"), numbered("123456789013", "b"), numbered("123456789014", "c")],
    [8, "numberWrong", 11],
  ]);
});

test("of a list of numbers, each is an account or has an error, and none is the name of another", () => {
  assert.deepEqual(read('["123456789012", 12345678901]'), [numbered("123456789012"), [1, "numberWrong", 11]]);
  assert.deepEqual(read("123456789012 12345678901"), [[1, "numberWrong", 11]]);
});

test("the state that a person wrote keeps an account from being added", () => {
  const states = ["Closed (2024)", "suspended ", "Pending closure", "Inactive", "PENDING_CLOSURE"];
  for (const state of states) {
    assert.deepEqual(read(`Name,Account,Status\nA,123456789012,${state}`), [[2, "notActive", state.trim()]]);
  }
  assert.deepEqual(read("123456789012,A,suspended\n123456789013 CLOSED B\n123456789014 Closed Beta"), [
    ...[
      [1, "notActive", "suspended"],
      [2, "notActive", "CLOSED"],
    ],
    [3, "notActive", "Closed"],
  ]);
});

test("no word of the language is a yes or a no", () => {
  for (const word of ["constructor", "__proto__", "valueOf"])
    assert.deepEqual(read(`number,write_logs\n${A},${word}`), [[2, "writeLogs", word]]);
});

test("in what is copied from the console, or where people sign in, the name stands above the number", () => {
  const rest = "AdministratorAccess | Access keys";
  const text = `Prod, web\n${A} | prod@x.y\n${rest}\nDev\n#1234-5678-9012 dev@x.y\n${C} | c@x.y\nOld\n${D} | old@x.y`;
  const lines = accountsIn(text);
  assert.deepEqual(
    lines.map(({ line, account, error }) => [line, account?.name ?? error]),
    [
      [2, "ProdWeb"],
      [3, "numberMissing"],
      [5, "Dev"],
      [6, "CXY"],
      [8, "Old"],
    ],
  );
  assert.deepEqual(read(textOf(lines)).map(withoutLine), read(text).map(withoutLine));
  // A state is of the one that it was of before.
  assert.deepEqual(
    accountsIn(`${A} | a@x.y\nSuspended\n${B} | b@x.y\nActive`).flatMap(({ account }) => account?.name ?? []),
    ["BXY"],
  );
  assert.deepEqual(read(`shared-services 2020\n${A} | a@x.y`), [numbered(A, "SharedServices2020")]);
  // Of more than that, nobody knows.
  const dated = ["Joined 2024/01/31", "Beigetreten 2024/01/31", "31 January 2024"];
  const others = ["Hi:", rest, "a@b.c", "1234567", "Active", "2 roles", "Page 1", "r-ab12", "AWS accounts (2)", ""];
  for (const above of [...dated, ...others])
    assert.equal(accountsIn(`x\n${above}\n${A} | prod@x.y`).at(-1)?.account?.name, "ProdXY", above);
});

test("the number may be below another head that is called so, beside a name", () => {
  assert.deepEqual(read(`Account,ID,Notes\nProd,${A},of ${D}\nDev2,${B},`), [
    numbered(A, "Prod"),
    [2, "elsewhere", D],
    numbered(B, "Dev2"),
  ]);
  assert.deepEqual(read(`Account,Name\n1111-1111-1111,\n2222 2222 2222`), [numbered(A), numbered(B)]);
  // That of another kind of account is none.
  assert.deepEqual(read(`Management account,Account,Name\n${A},,Prod\n${A},1234567,Dev`), [
    [2, "numberMissing", undefined],
    [3, "numberWrong", 7],
  ]);
});

for (const head of [
  "Account,Account ID",
  "Account,Account number",
  "Account,ID",
  "Alias,Account ID",
  "Konto,Kontonummer",
])
  test(`below "${head}", both the name and the number are read`, () => {
    for (const sign of ["", "`", "'"])
      assert.deepEqual(read(`${head}\nProd2,${sign}${A}${sign}`), [numbered(A, "Prod2")], sign);
  });

test("the number is below the head that says most, and so is the name", () => {
  for (const other of ["100012345678", "team-10023", "10012345", "prod+10001@x.y", "Team"])
    assert.deepEqual(read(`Account,Account ID,Name\n${other},${A},Prod`)[0], numbered(A, "Prod"), other);
  assert.deepEqual(read("Account,Account ID\nDev,12345678901\nQA,1.23E+11"), [
    [2, "numberWrong", 11],
    [3, "numberRounded", "1.23E+11"],
  ]);
  for (const alias of ["p1", [], "", null])
    assert.deepEqual(read(json({ Id: A, Name: "Prod", Alias: alias })), [numbered(A, "Prod")], alias);
  for (const head of ["Cuenta;Nombre", "Compte;Nom", "Conta;Nome", "Konto;Kontoname"])
    assert.deepEqual(read(`${head}\n${A};Prod`), [numbered(A, "Prod")], head);
});

test("a number where another field is expected is neither that nor lost", () => {
  assert.deepEqual(read(`Account ID,Name\n${A}, ${B}`), [numbered(A), [2, "elsewhere", B]]);
  assert.deepEqual(read(`Account ID,Name,Regions\n${A},${B},${C}`).slice(1), [
    [2, "elsewhere", B],
    [2, "elsewhere", C],
  ]);
});

test("what stands before a number, or in another cell, is no name if another one is", () => {
  const lines = [`'${A}\tProd`, `- ${A}, Prod`, `• ${A};Prod`, `+${A},Prod`, `1. ${A}, Prod`, `1\t${A}\tProd`];
  for (const line of [...lines, `AWS account ${A}, Prod`, `${A}.0,Prod`])
    assert.deepEqual(read(line), [numbered(A, "Prod")], line);
  assert.deepEqual(read(`${A},2020`), [numbered(A, "2020")]);
});

test("an access key is no name", () => {
  const [id, secret] = ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"];
  for (const line of [`${A},${id},${secret}`, `${A} ${id} ${secret}`]) assert.deepEqual(read(line), [numbered(A)]);
  // A word as long is.
  assert.deepEqual(read(`${A} ${"a".repeat(40)}`), [numbered(A, "a".repeat(40))]);
  for (const type of ["access_key", "Access key", "ACCESS KEYS"])
    assert.deepEqual(read(`Account ID,Access type\n${A},${type}`), [[2, "keyed", undefined]]);
});

test("the number of a telephone is none of an account", () => {
  for (const line of ["Mobile: +447911123456", "Prod (+447911123456)"])
    assert.deepEqual(read(line), [[1, "numberWrong", 12]], line);
  assert.deepEqual(
    read(`${A} +${B} +${C}`),
    [A, B, C].map((each) => numbered(each)),
  );
  for (const line of [`Add ${A} +${B}`, `Accounts: +${A}, +${B}`])
    assert.deepEqual(read(line), [[1, "severalNumbers", undefined]], line);
  assert.deepEqual(read(`+${A} Prod\n-${B} Dev`), [numbered(A, "Prod"), numbered(B, "Dev")]);
});

test("the number may stand alone in its line, as browsers copy the cells of a table", () => {
  assert.deepEqual(read(`Name\tAccount ID\tEmail\nProd\n${A}\np@x.y\nDev\n${B}\nd@x.y`), [
    [2, "numberMissing", undefined],
    numbered(A),
    ...[4, 5].map((line) => [line, "numberMissing", undefined]),
    numbered(B),
    [7, "numberMissing", undefined],
  ]);
});

test("a number of twelve digits is read with what a spreadsheet puts before it, and not with other signs in it", () => {
  assert.deepEqual(read("Account\n'123456789012\n1234.5678.9013"), [numbered("123456789012"), [3, "numberWrong", 12]]);
});

test("a line keeps its number in the text and what it was, whatever is empty or goes over lines", () => {
  const lines = accountsIn('\nprovider_id,name\n\n123456789012,"a\nb"\n\nwrong,c');
  assert.equal(lines[0].head, "provider_id,name");
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
  assert.deepEqual(accountsIn(textOf(accountsIn(text))), accountsIn(text));
});

test("what is left of any parts is read as they were", () => {
  const parts = [
    `5555 5555 5555\tTab, of\nSum\t12`,
    `sep=;\nname;number\n"X; y";666666666666\nZ;12345`,
    `name,account,notes\n"Y, z",777777777777,"Account: 7"\nName: x,88,`,
    `Account: 888888888888\n999999999999\nName: Tom\nState: closed`,
    `- Id: '${A}'\n  Name: A\n  Payer: '123456789999'\n- Id: '${B}'\n  Status: SUSPENDED`,
    `[profile c]\nsso_account_id = ${C}\nother = 1234-5678-9998`,
    json([
      { Id: D, Name: "D", Tags: { a: 123456789997 } },
      { Id: "121212121212", State: "Pending closure" },
    ]),
    LISTED.replace(A, "131313131313").replace(B, "141414141414"),
    "151515151515\n1,23457E+11",
    "$ aws x\n1616-1616-1616\nno",
    "1919-1919-1919\nAccount ID: 1\n202020202020 G",
    "212121212121\tH\nno\tACCOUNT\n222222222223\tI",
    "232323232323\nAccount\n242424242424 J",
    "Account,Name,Notes\n303030303030,J,of 262626262626\n272727272727,K,closed 282828282828\n292929292929,L",
    "Account\tNotes\n343434343434\tof 353535353535\n363636363636\tP\n373737373737\tactive: no",
    "\tAccount\tName\t\n1\t171717171717\tE\n2\t181818181818\tF",
  ];
  const said = ({ account, error, of }) => JSON.stringify([account, error, /twice|inDoubt/.test(error) || of]);
  // Of which a doubt is, stays beside it.
  const isDoubt = ({ error }) => /inDoubt|ofWhich/.test(error);
  for (const first of ["", ...parts])
    for (const second of parts)
      for (const break_ of first === second ? [] : ["\n", "\n\n"]) {
        const text = `${first}${break_}${second}`;
        const lines = accountsIn(text);
        const sets = [0, 1, 2, 3, 4, 5].map((set) =>
          lines.filter(
            (line, index) => isDoubt(line) || (set < 2 ? index % 2 === set : set < 5 ? index % 3 !== set - 2 : true),
          ),
        );
        for (const rest of [...sets, lines.filter(({ account }) => !account)])
          assert.deepEqual(accountsIn(textOf(rest)).map(said), rest.map(said), text);
      }
});

test("beside what is read as a whole, each number of a text is said", () => {
  const wholes = [
    [`Account ID: ${A}\nName: Payer\n`, ""],
    [`- Id: '${A}'\n  Name: Payer\n  x: `, "\n"],
    [`[profile a]\nsso_account_id = ${A}\nx = `, "\n"],
    [`{"Id":"${A}","Name":"A","x":"`, '"}'],
    [`{"Id":"${A}","Name":"`, '"}'],
    [`| Account | ${A} |\n| Name | `, " |"],
    [`| Account | Name |\n|---|---|\n| ${A} | x |\n`, "\n"],
    ["PATHS\t", ""],
    ["NEXTTOKEN\t", ""],
    [`${A}\n$ aws `, ""],
  ];
  for (const [before, after] of wholes)
    for (const number of [B, "2222-2222-2222", "2222 2222 2222", "2222\u20112222\u00a02222", "Dev: 2222-2222-2222"]) {
      const said = accountsIn(before + number + after).map(
        ({ account, of, source }) => account?.provider_id ?? `${of} ${source}`,
      );
      assert.ok(
        said
          .join(" ")
          .replace(/[^\d ]/g, "")
          .includes(B) || said.join().includes("2222"),
        before + number + after,
      );
    }
});

const PLAIN = "111111111111 Typed\n222222222222";
const NAMED = "name,number,role_name\nA,333333333333,CavokA\nB,444444444444,CavokB";
const OTHER = "number;name\n555555555555;C, of D\nwrong;E";

for (const [first, second] of [
  [PLAIN, NAMED],
  [NAMED, PLAIN],
  [NAMED, OTHER],
  [OTHER, NAMED],
  [OTHER, PLAIN],
  [`${PLAIN}\n${NAMED}`, OTHER],
  [PRINTED, NAMED],
  [PLAIN, AS_TEXT.slice(0, AS_TEXT.indexOf("\n"))],
  [CONFIG, JSON.stringify([{ Id: "999999999999", Name: "N" }])],
  [asOneText(NAMED, OTHER), asOneText("666666666666\tF", "account\tname\n777777777777\tG")],
  [NAMED, 'number,name\n888888888888,"H'],
  ["333333333333,One", "444444444444;Two\n555555555555;C, of D"],
  ["333333333333,One\n444444444444,Two; of; three\n555555555555,Four\tof\tfive", "666666666666"],
  ["777777777777\n888888888888,Two; of; three", NAMED],
  ["666666666666\tOne\n777777777777\tTwo, of three, of four", NAMED],
  ['name,number\n"A,111111111111', 'number,name\n222222222222,B "C"'],
])
  test(`${JSON.stringify(first)} and ${JSON.stringify(second)} are joined, and each line is read as before`, () => {
    const whole = asOneText(first, second);
    assert.deepEqual(read(whole).map(withoutLine), [...read(first), ...read(second)].map(withoutLine));
    const lines = accountsIn(whole);
    const places = whole.split("\n");
    for (const { line, source } of lines) assert.ok(places[line - 1].includes(/\d{12}/.exec(source)?.[0] ?? source));
    // Whatever is left of it.
    for (const parity of [0, 1]) {
      const rest = lines.filter((_, index) => index % 2 === parity);
      const said = ({ account, error, source }) => [account, error, source];
      assert.deepEqual(accountsIn(textOf(rest)).map(said), rest.map(said));
    }
  });
const withoutLine = (each) => (Array.isArray(each) ? each.slice(1) : each);

test("what has no head is joined line by line, and nothing stays alone", () => {
  assert.equal(asOneText(PLAIN, "333333333333"), `${PLAIN}\n333333333333`);
  assert.deepEqual([asOneText("", NAMED), asOneText(NAMED, ""), textOf([])], [NAMED, NAMED, ""]);
  for (const text of [PLAIN, "111111111111,One\n222222222222,Two"]) assert.equal(textOf(accountsIn(text)), text);
});

test("a head below other lines begins a table, and a name that could be one does not", () => {
  assert.deepEqual(read(`name,number\nProd,111111111111\n${NAMED}`).slice(1), read(NAMED));
  assert.deepEqual(read("number,name\n,Account\n111111111111,Id"), [
    [2, "numberMissing", undefined],
    numbered("111111111111", "Id"),
  ]);
});

test("of a line of several numbers, each is left by itself", () => {
  const lines = accountsIn("111111111111, 2222-2222-2222");
  assert.deepEqual(
    lines.map(({ line, source }) => [line, source]),
    [
      [1, "111111111111"],
      [1, "222222222222"],
    ],
  );
});

test("a line of a number that stands twice repeats the other only if it says the same", () => {
  const lines = accountsIn("111111111111 One\n1111-1111-1111,One\n111111111111 Two\n111111111111");
  assert.deepEqual(
    lines.slice(1).map(({ error, isRepeat }) => [error, isRepeat]),
    [
      ["twice", true],
      ["twice", false],
      ["twice", false],
    ],
  );
});

test("a name has letters and digits alone", () => {
  for (const [text, name] of [
    ["QuietHouse", "QuietHouse"],
    ["quiet", "quiet"],
    ["quiet-house 2", "QuietHouse2"],
    ["Büro Süd", "BuroSud"],
    ["Größe Österreich", "GrosseOsterreich"],
    ["Łódź København", "LodzKobenhavn"],
    ["データ", ""],
    ["", ""],
    ["x ".repeat(80), "X".repeat(64)],
  ])
    assert.equal(nameOf(text), name);
});

test("many thousand lines are read, also if a quote in each is not closed", () => {
  const open = Array.from({ length: 20_000 }, () => '"a,111111111111').join("\n");
  assert.equal(accountsIn(open).filter(({ error }) => error === "quoteOpen").length, 20_000);
  const text = Array.from({ length: 20_000 }, (_, index) => `${100_000_000_000 + index},Name${index}`).join("\n");
  assert.equal(accountsIn(text).filter(({ account }) => account).length, 20_000);
});

test("no number of a file of JSON or of profiles is lost", () => {
  let seed = 1;
  const upTo = (most) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % most;
  };
  let next = 100_000_000_000;
  // As a number key may have it.
  const odd = () =>
    [String(next).slice(1), Number(`1${next}`), String(next).replace(/(....)(....)/, "$1-$2-")][upTo(3)];
  const keys = ["Id", "account", "Name", "Children", "x", "provider_id", "Status"];
  function nested(depth) {
    const kind = upTo(depth > 3 ? 3 : 6);
    next += 1;
    if (kind < 2) return [next, String(next), `arn:aws:iam::${next}:role/A`][upTo(3)];
    if (kind === 2) return ["Prod", null, true, "of 1234"][upTo(4)];
    const within = Array.from({ length: upTo(4) }, () => nested(depth + 1));
    if (kind === 3) return within;
    const entries = within.map((each) => [upTo(9) ? keys[upTo(keys.length)] : String(next++), each]);
    return Object.fromEntries(upTo(3) ? entries : [...entries, [["Id", "account"][upTo(2)], odd()]]);
  }
  const texts = Array.from({ length: 2_000 }, () => JSON.stringify([nested(0), nested(0)], null, upTo(2)));
  const profile = "[profile a]\nsso_account_id = 111111111111\n";
  texts.push(`${profile}[b]\naccount_id = 222222222222`, `${profile}[b]\nsso_account_id = 2222222222223`);
  for (const text of texts) {
    const lines = accountsIn(text);
    const said = lines.map(({ source, account }) => `${source} ${account?.provider_id}`).join("\n");
    for (const [number] of text.matchAll(/\d{12,}|(?<="(?:Id|account|provider_id)": ?"?)[\d-]+/g))
      assert.ok(said.replaceAll("-", "").includes(number.replaceAll("-", "")), `${number} of ${text}`);
  }
});

test("a text of more lists and objects than it may have is not parsed, which would take a long task", (context) => {
  const parse = context.mock.method(JSON, "parse");
  accountsIn(`[${"{},".repeat(20_100)}{"Id": "111122223333"}]`);
  assert.equal(parse.mock.callCount(), 0);
  accountsIn(`[${"{},".repeat(20_000)}{"Id": "111122223333"}]`);
  assert.equal(parse.mock.callCount(), 1);
});

// Of accounts with a number and a name.
const NAMED_FORMS = {
  cells: (head, all) => [`Environment,${head},Name`, ...all.map((each) => ["prod", ...each].join())],
  "cells in tabs": (head, all) => [`Environment\t${head}\tName`, ...all.map((each) => ["prod", ...each].join("\t"))],
  JSON: (head, all) => [json(all.map(([number, name]) => ({ [head]: number, name })))],
  "JSON in a line": (head, all) => [
    json(
      all.map(([number, name]) => ({ [head]: number, name })),
      0,
    ),
  ],
  YAML: (head, all) => all.map(([number, name]) => `- ${head}: "${number}"\n  name: ${name}`),
  keys: (head, all) => all.map(([number, name]) => `Name: ${name}\n${head}: ${number}\n`),
};

for (const head of [
  ...[
    "AWS Account ID",
    "aws_account_id",
    "awsAccountId",
    "AwsAccountId",
    "AWS Account",
    "AWS ID",
    "AWS account number",
  ],
  ...["account-id", "Account No", "accountNr", "Acct ID", "Linked account ID", "usageAccountId", "member_account_id"],
])
  test(`the number of an account below "${head}" is its number, and that head no name`, () => {
    for (const [form, linesOf] of Object.entries(NAMED_FORMS)) {
      const all = [
        ["123456789012", "Web"],
        ["123456789013", "Shop"],
      ];
      const expected = all.map((each) => numbered(...each));
      assert.deepEqual(read(linesOf(head, all).join("\n")), expected, form);
    }
    assert.deepEqual(read(`${head}: 123456789012`), [numbered("123456789012")]);
  });

test("how a number is written may stand in its head", () => {
  assert.deepEqual(read(`Team,Account ID (12 digits),Name\nx,${A},Web`), [numbered(A, "Web")]);
});

// An account that is, and one that is not, as columns and keys say it.
const ASKED = [
  ["Active", "x", ""],
  ["Active (Y/N)", "Y", "N"],
  ["Account active", "Yes", "No"],
  ["accountActive", "true", "false"],
  ["Currently active", "✅", "❌"],
  ["currentlyActive", "t", "f"],
  ["Active account", "✓", "✗"],
  ["is_active", "1", "0"],
  ["Active", "TRUE", "No (since 2023)"],
  ["Suspended", "no", "yes"],
  ["Suspended", "", "2023-05-01"],
  ["Closed", "-", "x"],
  ["isClosed", "false", "true"],
  ["Closed on", "", "2023-05-01"],
  ["closedDate", "null", "2023-05-01"],
  ["Closure date", "0", "1 May"],
  ["Inactive", "FALSE", "TRUE"],
  ["Deleted?", "n", "y"],
  ...["disabled", "terminated", "decommissioned", "deleted", "retired", "no longer in use", "PENDING_ACTIVATION"].map(
    (word) => ["Status", "ok", word],
  ),
  ["Lifecycle state", "Live", "Terminated in May"],
  ["Status (2026)", "In use", "Moved; terminated"],
];
const value = (text) => ({ true: true, false: false, 1: 1, 0: 0, null: null })[text] ?? text;
const ASKED_FORMS = {
  cells: (head, all) => [`Account ID,Name,${head}`, ...all.map((each) => each.join())],
  "cells in tabs": (head, all) => [`Name\t${head}\tAccount ID`, ...all.map(([a, b, c]) => [b, c, a].join("\t"))],
  "a table": (head, all) => [drawn([["Account", "Name", head], ...all])],
  JSON: (head, all) => [json(all.map(([id, name, said]) => ({ id, name, [head]: value(said) })))],
  "JSON in a line": (head, all) => [
    json(
      all.map(([id, name, said]) => ({ id, name, [head]: value(said) })),
      0,
    ),
  ],
  YAML: (head, all) => all.map(([id, name, said]) => `- id: "${id}"\n  name: ${name}\n  ${head}: ${said}`),
  keys: (head, all) => all.map(([id, name, said]) => `Account: ${id}\nName: ${name}\n${head}: ${said}\n`),
};

for (const [head, on, off] of ASKED)
  test(`below "${head}", "${on}" is of an account that is added, and "${off}" of one that is not`, () => {
    for (const [form, linesOf] of Object.entries(ASKED_FORMS)) {
      // Keys have no other signs; and alone, one may be a heading.
      if (/^(YAML|keys)$/.test(form) && (/[(?]/.test(head) || !on)) continue;
      const text = linesOf(head, [
        [A, "Alpha", on],
        [B, "Beta", off],
        [C, "Gamma", on],
      ]).join("\n");
      const found = accountsIn(text);
      const said = found.map(({ account, error }) => account?.provider_id ?? error);
      assert.deepEqual(said, [A, "notActive", C], `${form}: ${text}`);
      const refused = found.filter(({ error }) => error);
      // It says why.
      assert.ok(refused[0].of.includes(off.slice(0, 7) || "(Active: -)"), refused[0].of);
      const without = ({ error, of }) => [error, of];
      assert.deepEqual(accountsIn(textOf(refused)).map(without), refused.map(without), form);
    }
  });

for (const [what, text, ...added] of [
  ["keys of Ruby", `{ id => "${A}", active => false }\n{ id => "${B}", active => true }`, B],
  ["elements", `<id>${A}</id><active>false</active>\n<id>${B}</id><active>true</active>`, B],
  ["keys of HCL", `a = {\n  id = "${A}"\n  suspended = false\n}\nb = {\n  id = "${B}"\n  suspended = true\n}`, A],
  [
    "a state of HCL",
    `a = {\n  id = "${A}"\n  status = "terminated"\n}\nb = {\n  id = "${B}"\n  status = "active"\n}`,
    B,
  ],
  ["names with words of a state", `${A} Deleted Items\n${B} Retired Staff\n${C},Disabled\n${D} unused`, A, B, C, D],
  ["a note beside what is not closed", `Account,Closed,Notes\n${A},no,suspended since May\n${B},no,`, B],
  ["such a note in JSON", json([{ id: A, closed: false, note: "suspended" }]), ...[]],
  ["a list of others", json([{ id: A, status: "ACTIVE", disabled: ["Old", "Older"], active: [] }]), A],
  ["a number below a table", `Account,Name,Active\n${A},P,x\n\n${B}`, A, B],
  ["cells of which the last are cut off", `Account\tActive\n${A}\tx\n${B}\nAccount\tName\tActive\n${C}\tOld`, A],
  ["since when it is active", `Account,Name,Active since,Active users\n${A},P,2020-01-01,12`, A],
])
  test(`of ${what}, what is said is read of that account alone`, () => {
    assert.deepEqual(
      accountsIn(text).flatMap(({ account }) => account?.provider_id ?? []),
      added,
    );
  });

for (const [what, text, bound] of [
  ["the beginning of a profile that does not end", `[profile${" ".repeat(60_000)}\n${"1".repeat(12)} A`, 1_000],
  ["empty lines between keys", `a: b\n${"\n".repeat(60_000)}c: d\n${"1".repeat(12)} A`, 2_000],
  ["many prompts in a line", `${"# aws ".repeat(60_000)}${"1".repeat(12)}`, 1_000],
])
  // Much more than it takes; and much less than if it were looked at again from each sign of it.
  test(`${what} is read in a time that grows with its length`, () => {
    const before = process.cpuUsage().user;
    assert.equal(accountsIn(text).filter(({ account }) => account).length, 1);
    assert.ok(process.cpuUsage(undefined).user - before < bound * 1_000);
  });

// What adds nothing, and what it is that the text says of the account.
const REFUSING = ["SUSPENDED", "closed", "Inactive", "PENDING_CLOSURE", "Pending closure", "not active"];
const DECORATED = ["*", "**Account * 2024**", "~~*~~", "🔴 *", "(*)", "\u001b[31m*\u001b[0m", "is*"];
const mail = (text) => text.replace(/^/gm, "> ");
const box = (rows) => ["┌──┬──┐", ...rows.map((row) => `│ ${row.join(" │ ")} │`), "└──┴──┘"].join("\n");
const eastern = (number) => number.replace(/\d/g, (digit) => "٠١٢٣٤٥٦٧٨٩"[Number(digit)]);
// Of accounts with a number, a name and a state.
const FORMS = {
  "lines of words": (all) => all.map((each) => each.join(" ")),
  cells: (all) => all.map((each) => each.join(",")),
  "cells and a head": (all) => ["Account,Name,Status", ...all.map((each) => each.join(","))],
  "a state in another column": (all) => [
    "Account,Name,State,Status",
    ...all.map(([a, b, c]) => [a, b, "ACTIVE", c].join()),
  ],
  "another sign between cells": (all) => ["Account,Name,Status", ...all.map((each) => each.join("\t"))],
  "the state in the cell of the number": (all) => ["Account,Name", ...all.map(([a, b, c]) => `${a} ${c},${b}`)],
  "the state in the cell of the name": (all) => ["Account,Owner", ...all.map(([a, b, c]) => `${a},${b} ${c}`)],
  "a table": (all) => [drawn([["Id", "Name", "Status"], ...all])],
  "a table of Jira": (all) => ["||Account||Name||Status||", ...all.map((each) => `|${each.join("|")}|`)],
  "a table in a box": (all) => [box([["Account", "Name", "Status"], ...all])],
  columns: (all) => [["Id", "Name", "Status"].join("    "), ...all.map((each) => each.join("    "))],
  "lines below each other": (all) => all.flat(),
  "a state above each": (all) => all.flatMap(([a, b, c]) => [c, b, a]),
  YAML: (all) => all.map(([a, b, c]) => `- Id: '${a}'\n  Name: ${b}\n  Status: ${c}`),
  "YAML that begins with the state": (all) => all.map(([a, b, c]) => `- Status: ${c}\n  Id: '${a}'\n  Name: ${b}`),
  "YAML by number": (all) => all.map(([a, b, c]) => `'${a}':\n  name: ${b}\n  account-status: ${c}`),
  "YAML of lists": (all) => all.map(([a, b, c]) => `- - '${a}'\n  - ${b}\n  - ${c}`),
  properties: (all) => all.map(([a, b, c]) => `aws.account=${a}\naws.name=${b}\naws.status=${c}`),
  HCL: (all) => all.map(([a, b, c]) => `account {\n  id = "${a}"\n  name = "${b}"\n  status = "${c}"\n}`),
  JSON: (all) => [json(all.map(([Id, Name, Status]) => ({ Id, Name, Status })))],
  "JSON in a line": (all) => [
    json(
      all.map(([Id, Name, Status]) => ({ Id, Name, Status })),
      0,
    ),
  ],
  "JSON of lists": (all) => [json(all)],
  "JSON with the state within": (all) => [json(all.map(([Id, Name, code]) => ({ Id, Name, status: { code } })))],
  "what is nearly JSON": (all) => [json(all.map(([Id, Name, Status]) => ({ Id, Name, Status }))).replaceAll('"', "'")],
  "JSON after a line number": (all) =>
    json(all.map(([Id, Name, Status]) => ({ Id, Name, Status })))
      .split("\n")
      .map((line, at) => `${at}\t${line}`),
  "a list below its state": (all) => all.flatMap(([a, b, c]) => [`${c} accounts:`, `${a} ${b}`, ""]),
  "a list of JSON by state": (all) => [json(Object.fromEntries(all.map(([a, , c], at) => [`${c} ${at}`, [a]])))],
};
// Where the state of one is said in a form that is no form of states, another one beside it may be kept out, too.
const MAY_REFUSE_MORE = /^(JSON with the state within|a list of JSON by state|another sign|the state in the cell)/;

for (const [form, linesOf] of Object.entries(FORMS))
  test(`of ${form}, no account is added that is not active, and each that is`, () => {
    for (const word of REFUSING)
      for (const decorated of DECORATED)
        for (const write of [(text) => text, mail])
          for (const numberOf of [(number) => number, eastern]) {
            const state = decorated.replace(/(?<!\*)\*(?!\*)/, word);
            const all = [
              [A, "Alpha", "ACTIVE"],
              [B, "Beta", state],
              [C, "Gamma", "ACTIVE"],
              [D, "Delta", state],
            ].map(([number, ...more]) => [numberOf(number), ...more]);
            const text = write(linesOf(all).join("\n"));
            const found = accountsIn(text);
            const added = found.flatMap(({ account }) => account?.provider_id ?? []);
            const expected = MAY_REFUSE_MORE.test(form) ? added.filter((each) => each !== B && each !== D) : [A, C];
            assert.deepEqual(added, expected, text);
            const said = found.map(({ account, source }) => `${account?.provider_id} ${source}`).join("\n");
            for (const number of [A, B, C, D]) assert.ok(said.includes(number), `${number} of ${text}`);
            const without = ({ account, error, of }) => JSON.stringify([account, error, of]);
            const refused = found.filter(({ error }) => error === "notActive");
            assert.deepEqual(accountsIn(textOf(refused)).map(without), refused.map(without), text);
          }
  });

// What may stand above accounts that are not active.
const HEADS = [
  ...["*:", "# *", "## *", "*", "* accounts", "**WORD**", "_*_", "[*]", "--- * ---", "* (2)", "1. *", "- *", "- *:"],
  ...[
    "OU: *",
    "<h3>*</h3>",
    "The following accounts are *",
    "│ └── *",
    "*,,",
    "* since last year, see the mail of Tom",
  ],
];
const records = (write, between = "\n") => write([B, "Old"]) + between + write([C, "Older"]);
const BELOW = {
  lines: records(([number, name]) => `${number} ${name}`),
  "lines apart": records(([number, name]) => `${name} ${number}`, "\n\n"),
  bullets: records(([number, name]) => `- ${name}: ${number}`),
  "names above": records(([number, name]) => `${name}\n${number}`),
  "pages of the console": records(([number, name]) => `${name}\n${number} | a@b.c\nCreated 2023/01/02`, "\n\n"),
  keys: records(([number, name]) => `Name: ${name}\nAccount ID: ${number}\nOwner: Ann`, "\n\n"),
  YAML: records(([number, name]) => `- name: ${name}\n  id: '${number}'`),
  profiles: records(([number, name]) => `[profile ${name}]\nsso_account_id = ${number}\nregion = x`, "\n\n"),
  blocks: records(([number, name]) => `${name} = {\n  account_id = "${number}"\n}`),
  cells: `Name,Account ID\n${records(([number, name]) => `${name},${number}`)}`,
  JSON: json([
    { Id: B, Name: "Old" },
    { Id: C, Name: "Older" },
  ]),
  "a table": drawn([
    ["Id", "Name"],
    [B, "Old"],
    [C, "Older"],
  ]),
  sections: records(([number, name]) => `### ${name}\n\n${number}`, "\n\n"),
};

for (const [form, below] of Object.entries(BELOW))
  test(`below whatever says that ${form} are not active, none is added`, () => {
    for (const above of ["", `${A} Prod\n${D} Dev\n\n`, `Account ID,Name,Status\n${A},Prod,ACTIVE\n\n`])
      for (const head of HEADS)
        for (const word of ["Suspended", "CLOSED", "not active"])
          for (const between of ["\n", "\n\n"]) {
            const text = above + head.replace(/\*(?!\*)(?<!\*\*)|WORD/, word) + between + below;
            const found = accountsIn(text);
            const left = accountsIn(textOf(found.filter(({ error }) => error)));
            for (const { account } of [...found, ...left]) assert.ok(![B, C].includes(account?.provider_id), text);
          }
  });

const wrapped = (text, width) => text.replace(new RegExp(`.{${width}}`, "g"), "$&\n");
const [ACTIVE, OLD] = [organized(A, "Prod web"), organized(B, "Old dev", "SUSPENDED")];
const quotes = (text) => text.replace(/"([^"]*)"/g, "“$1”");
for (const [what, text, ...added] of [
  [
    "a command and what it printed",
    `$ aws organizations describe-account --account-id ${B}\n${json({ Account: OLD })}`,
  ],
  ["a list, and another of states", `${A}\n${B}\n\nAccount ID,Name,Status\n${A},P,ACTIVE\n${B},O,SUSPENDED`, A],
  ["cells of two kinds", `Account ID,Name,Status\n${A},Prod,ACTIVE\n\n${B}\tOld dev\tSUSPENDED`, A],
  ["two columns", `Name,Account,State,Status\nA,${A},Bavaria,Active\nB,${B},Bavaria,Closed\nC,${C},,SUSPENDED`, A],
  [
    "two keys",
    json([
      { Id: A, State: "CLOSED", Status: "ACTIVE" },
      { Id: B, Status: "CLOSED", State: "x" },
    ]),
  ],
  ["YAML of two keys", `- Id: '${A}'\n  Status: SUSPENDED\n  State: ACTIVE\n- Id: '${B}'\n  State: ACTIVE`, B],
  ["columns of JSON", json({ ids: [A, B], states: ["ACTIVE", "SUSPENDED"] })],
  ["JSON that is wrapped", wrapped(json({ Accounts: [ACTIVE, OLD] }, 4), 80)],
  ["YAML that is wrapped", wrapped(`- Arn: ${OLD.Arn}\n  Id: '${B}'\n  Name: Old\n  Status: SUSPENDED`, 40)],
  ["JSON without its end", json({ Accounts: [ACTIVE, OLD] }, 4).slice(0, -15), A],
  ["a diff", json([ACTIVE, OLD]).replace(/^/gm, "+"), A],
  ["other quotes", quotes(json([ACTIVE, OLD])), A],
  ["a page of the console", `Prod\n${A}\na@b.c\nActive\nJoined 2020\n\nOld\n${B}\na@b.c\nSuspended\nJoined 2020`, A],
  ["TOML", `[accounts.prod]\nid = "${A}"\nname = "Prod"\n\n[accounts.old]\nid = "${B}"\nname = "Old"\nclosed = true`],
  ["comments", `${A} # closed\n${B} // suspended since May\n${C} [Suspended]\n~~${D}~~ Closed`],
  ["a list below its heading", `Accounts:\n${A} Prod\n\n## Suspended\n\n${B} Old\n${C} Older\n\n${D} Dev`, A],
  ["YAML of lists by state", `active:\n  - '${A}'\nsuspended:\n  - '${B}'\n  - '${C}'`, A],
  ["YAML of objects by state", `suspended:\n  - id: '${C}'\n    name: x\n  - id: '${D}'\nactive:\n  - id: '${A}'`, A],
  ["JSON of lists by state", json({ suspended: [{ Id: A }, { Id: B, Name: "x" }], active: [{ Id: C }] }), C],
  [
    "the same in a line",
    json({ suspended: [{ Id: A, Name: "y" }, { Id: B }], active: [{ Id: C, Status: "ACTIVE" }] }, 0),
    C,
  ],
  ["a number that stood there before", `${C} Payer\n- Active\n${A} Old\npaid by:\n${C}\nStatus: closed`],
  ["two states above a number", `Suspended\nActive since 2020\nOld\n${A}`],
  [
    "JSON with the state around it",
    json([
      { x: [{ Id: A }, { Id: B }], Status: "closed" },
      { Id: C, State: "Active" },
    ]),
    C,
  ],
  ["JSON of a state", json({ closed2020: { x: [{ Id: A }, { y: { Id: B } }] }, z: [{ Id: C, Status: "Active" }] }), C],
  [
    "keys of two kinds right below a table",
    `| Name | Account | Status |\n|---|---|---|\n| A | ${A} | ACTIVE |\n---\n` +
      `Id     : ${B}\nName   : Old\nStatus : CLOSED\nAccount ID: ${C}\nName: C\nStatus: SUSPENDED`,
    A,
  ],
  ["a state below several", `${A}\n${B}\nall closed`],
  ["an empty state", `Account,Name,Status\n${A},Closed Beta,\n${B},Dev,`, B],
  ["names that are so, of active ones", `Account,Name,Status\n${A},Closed Beta,ACTIVE\n${B},Suspended,Active`, A, B],
  ["keys in a line", `- {Id: '${A}', Name: P, Status: ACTIVE}\n- {Id: '${B}', Name: O, Status: SUSPENDED}`, A],
  ["XML", `<Account>\n<Id>${A}</Id>\n<Status>SUSPENDED</Status>\n</Account>`],
  ["a heading right below YAML", `- Id: '${A}'\n  Name: P\n  Status: ACTIVE\nClosed:\n${B} Old\n${C} Older`, A],
  ["a list with empty lines below its heading", `Please add:\n\n${A} P\n\nSuspended:\n\n${B} Old\n\n${C} Older`, A],
  ["names and numbers in turn below a heading", `Active\nProd\n${A}\nSuspended\nOld\n${B}\nOlder\n${C}`],
  ["when they were active last", `Suspended accounts\n${A} Old\nlast active 2021\n${B} Older\nlast active 2020`],
  ["a column that asks whether it is active", `Account ID,Name,Is Active\n${A},Old,No\n${B},Prod,Yes`, B],
  [
    "a key that says whether it is active",
    json([
      { Id: A, Name: "Old", active: false },
      { Id: B, Name: "P", active: true },
    ]),
    B,
  ],
  ["YAML that says so", `- id: "${A}"\n  name: Old\n  active: false\n- id: "${B}"\n  name: P\n  active: true`, B],
  ["words without a space, or with others", `${A} NotActive\n${B} nonactive\n${C} not\u00a0active\n${D} not   active`],
  [
    "a dash of another kind",
    `Account,Name,Status\n${A},Old,Not\u2011active\n${B},Old,NOT\u2013ACTIVE\n${C},P,ACTIVE`,
    C,
  ],
  ["other words", `${A} Old no longer active\n${B} Old (isn't active)\n${C} non-active\n${D} deactivated`],
  ["a note below one of a list", `Active accounts:\n${A} Prod\n${B} Old\n  suspended!\n${C} Dev`],
  ["a list, and the suspended ones of it", `${A} Prod\n${B} Old\n${C} Older\n${D} Dev\n\nSuspended:\n${B}\n${C}`, A, D],
  ["YAML of a list, and the suspended ones of it", `all:\n  - id: "${A}"\n  - id: "${B}"\nsuspended:\n  - "${B}"`, A],
  ["a line of several", `${A} Prod\n${B} Old\n${C} Older\n${D} Dev\n\nNote: ${B} and ${C} are suspended.`, A, D],
  ["a line of several above", `Suspended: ${B}, ${C}\n\n${A} Prod\n${B} Old\n${C} Older\n${D} Dev`, A, D],
  ["lists in lines", `accounts = {\n  prod = "${A}"\n  old = "${B}"\n}\nsuspended = ["${B}", "${C}"]`, A],
  ["a name like a state in a list below one", `Suspended\nOld\n${B}\nActive Directory\n${C}`],
  [
    "a comment at the end of a section",
    `[profile a]\nsso_account_id = ${A}\n# closed\n\n[profile b]\nsso_account_id = ${B}`,
  ],
  ["a profile that is called so", `[profile a]\nsso_account_id = ${A}\n[profile b-closed]\nsso_account_id = ${B}`, A],
  ["a cell over lines", `Name,Account,Notes\nA,${A},\nB,${B},"was merged\nsuspended since"\nC,${C},`, A, C],
  ["JSON of numbers by state", json({ prod: [A], suspended: [B] }), A],
  ["JSON of some that say so", json([{ Id: A }, { Id: B, State: "CLOSED" }, { Id: C, Name: "closed-x" }]), A],
  ["the number of who pays", `<a>\n<id>${B}</id>\n<payer>${C}</payer>\n<status>SUSPENDED</status>\n</a>`],
  ["a remark", `Hi, please add these:\n${A} Prod\n${D} Dev\n\nOur office is closed on Fridays.`],
  [
    "JSON with a state within one account, and the same beside another number",
    json({
      Accounts: [
        { Id: A, Name: "x", Status: "CLOSED" },
        { Id: B, Name: "y", Life: { Status: "CLOSED" } },
      ],
    }),
  ],
  ["a heading above, and states below each", `Active accounts\nprod\n#${A} a@x.y\nSuspended\ndev\n#${B} b@x.y`],
  [
    "items with a word of their own",
    [
      `- audit\n  id: ${A}\n\n  status: SUSPENDED`,
      `- acme\n  id: ${B}\n  status: ACTIVE`,
      `- lake\n  id: ${C}\n\n  status: CLOSED`,
    ].join("\n"),
    B,
  ],
  ["a list of what is given up", `${A} Prod\n\nDecommissioned accounts:\n${B} Old\n${C} Older`, A],
  ["other heads", `AWS Status,Account\nIn-active,${A}\nDeactivated,${B}\nActive,${C}`, C],
  ["heads that ask in other words", `Account,Is it still active?\n${A},no\n${B},yes`, B],
  ["what is typed, and what it printed", `$ aws x --query "Accounts[?Status!='SUSPENDED'].Id"\n["${A}","${B}"]`, A, B],
  [
    "lines of which the last is read by itself",
    `Active accounts:\nprod ${A}\nSuspended\ndev ${B}\nActive\n${json([{ Status: "CLOSED", Id: C }], 0)}`,
  ],
  ["a heading with a number on each side", `${A} Prod\n\nSuspended:\n${B} Old\n\nAll others are active.`],
  [
    "headings, of which the last is of what is read by itself",
    `${A}\nClosed:\n${B}\nActive:\n${json([{ Id: C, Status: "ACTIVE" }])}`,
    C,
  ],
  ["a head that asks, and a line of another form below", `Account ID,Name,Closed on\n${A},Old,2023\n\n${B} Dev`, B],
  ["such a head above a border", `Account ID,Name,Closed on\n----,----,----\n${A},Old,2023\n${B},Dev,\n${C} Web`, B, C],
  ["a remark before a heading", `## Active\n${A}\n${B}\nclosed last week\n\nClosed accounts\n${C}`],
  ["a sentence that ends as a heading does", `I closed the ticket. Please add:\n${A} Prod\n${B} Dev`],
  ["keys that nobody has a value for", `- id: "${A}"\n  closed_at: ""\n- id: "${B}"\n  deleted: []`, A, B],
  [
    "JSON of keys that nobody has a value for",
    json([
      { id: A, closed_at: "" },
      { id: B, deleted: [] },
    ]),
    A,
    B,
  ],
  ["a heading in quotes", `"Suspended:",""\n"${A}","Old"\n"Active:",""\n"${B}","New"`, B],
  ["a heading before a value in quotes", `SUSPENDED="\n${A}\n${B}\n"`],
  ["a head whose cells are lines", `Account ID\tName\tClosed\n${A}\nOld\nyes`],
  ["a number after a plus", `${A} Prod\n${B} Dev\n\nSuspended: +${A}`, B],
  ["a heading of other words", `Gesperrt:\n${A}\n\nAktiv:\n${B}`, B],
  ["headings with more", `Active accounts, please add:\n${A}\nClosed accounts, do not add:\n${B}`, A],
  ["a heading with a point in it", `Active in the U.S. region:\n${A}\nSuspended in the U.S. region:\n${B}`, A],
  ["a count of none", `Added: 2\nDeleted: 0\nArchived (0)\n${A} Prod`, A],
  ["what is on", `Please add these (deletion protection is on):\n${A} Prod (termination protection)\n${B} Dev`, A, B],
  [
    "words of other languages that only look so",
    `Angeschlossene Konten:\n${A} Nominativo\n${B} Inactivity monitor`,
    A,
    B,
  ],
  ...["Sì", "WAHR", "VRAI", "VERDADERO", "j", "attivo"].map((yes) => [
    `"${yes}"`,
    `Account ID,Attivo\n${A},${yes}\n${B},no`,
    A,
  ]),
  ["a word in a cell", `${A},Old,Decommissioned\n${B},Older,Terminated 2023\n${C},Deleted Items`, C],
  ["a word in brackets", `${A} Old (deleted)\n${B} Older [decommissioned in May]\n${C} Deleted Items`, C],
  ...[
    "geschlossen Gesperrt gekündigt stillgelegt inaktiv deaktiviert ausgesetzt suspendu suspendue fermé Fermée",
    "inactif désactivé clôturé suspendido inactiva desactivada cerrado Cerrada suspensa inativo encerrada",
    "chiuso sospeso inattiva 停止 閉鎖済み 解約",
  ]
    .join(" ")
    .split(" ")
    .map((word) => [`"${word}"`, `Konto;Name;Status\n${A};Alt;${word}\n${B};Neu;Aktiv`, B]),
  ...["Aktiv ja nein", "Actif oui non", "Activo sí no", "Ativo sim não", "Attivo si no"].map((words) => {
    const [head, yes, no] = words.split(" ");
    return [`"${head}"`, `Konto\tName\t${head}\n${A}\tNeu\t${yes}\n${B}\tAlt\t${no}`, A];
  }),
  [
    "words that only look so",
    `Enclosed the accounts:\n${A} Undisclosed\n${B} Suspect\n${C} SuspiciousActivity\n${D} Notebook no   active`,
    ...[A, B, C, D],
  ],
])
  test(`of ${what}, no account is added that is said not to be active`, () => {
    const found = accountsIn(text);
    assert.deepEqual(
      found.flatMap(({ account }) => account?.provider_id ?? []),
      added,
    );
    const left = accountsIn(textOf(found.filter(({ account, isRepeat }) => !account && !isRepeat)));
    assert.deepEqual(
      left.flatMap(({ account }) => account?.provider_id ?? []).filter((number) => !added.includes(number)),
      [],
    );
  });
