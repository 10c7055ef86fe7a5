// The texts of the views that are loaded when they are first visited.
import { number, plural, readable, withTexts } from "../texts.js";

// Tables indexed by values of the API, as in the texts of the first view.
const OPEN_TABLES = [
  "challenges.errors",
  "severity",
  "regions.status",
  "regions.reasons",
  "interactions.wanted",
  "privilege.use",
  "revoke.stays",
  "outcome",
  "verdicts",
  "trustSteps",
  "permissionNames",
  "reasons",
  "remedies",
  "instances.kinds",
  "instances.states",
  "interactions.outcomes",
  "interactions.did",
  "interactions.logged",
  "audit.actions",
  "audit.fields",
  "audit.outcomes",
  "actors",
  "tests.trigger",
  "health.states",
  "tests.outcomeText",
  "tests.outcomeThen",
  "tests.proofs",
  "webhook.eventTexts",
  "webhook.deliveryStatus",
  "instructions.watch",
  "groupTexts",
  "accessTexts",
  "account.statusText",
  "account.blockedUntil",
  "account.possible",
  "account.unconfirmed",
  "instructions.title",
  "instructions.removeText",
  "connect.states.entry",
  "organization.quotaNames",
  "instructions.looks",
  "grants.states",
  "enrollments.status",
  "enrollments.statusText",
  "enrollments.states",
];

export const t = withTexts(OPEN_TABLES, {
  outcome: {
    confirmed: "Confirmed",
    degraded: "Degraded",
    failed: "Failed",
    notThereYet: "Not there yet",
    aborted: "Aborted",
    running: "Running",
    finished: "Finished",
  },

  challenges: {
    newPassword: "Choose a password of your own. The one you were sent was for this first sign-in.",
    password: "New password",
    length: "At least 14 characters.",
    again: "The same again",
    passwordNeeded: "Enter a new password.",
    different: "The two are not the same.",
    code: "Enter the code that your authenticator app shows for Cavok.",
    codeLabel: "Code",
    codeNeeded: "Enter the six digits.",
    setUp: "Add Cavok to an authenticator app, such as the one of your phone or password manager. Then enter its code.",
    key: "Enter this key in the app. It is shown once.",
    copyKey: "Copy the key",
    next: "Continue",
    restart: "Start again",
    over: "This took too long, or the step was done already. Start again.",
    errors: {
      CodeMismatchException: "This code is wrong. Enter the one that the app shows now.",
      EnableSoftwareTokenMFAException: "This code is wrong. Enter the one that the app shows now.",
      ExpiredCodeException: "This code was used or is too old. Wait for the next one.",
    },
  },

  groupTexts: {
    trust: {
      title: "Trust",
      text: "Can Cavok enter the account, is it the right one, and is the door closed to others?",
      without: "Nothing works: the account cannot be entered.",
    },
    checking: {
      title: "Checking",
      text: "Reading the role's own policies, to tell in advance what would fail.",
      without: "Some permissions can only be proved when they are used; the test says so.",
    },
    ec2: {
      title: "EC2 instances",
      text: "Listing, starting and stopping EC2 instances.",
      without: "EC2 instances cannot be listed, started or stopped. Leave it out if you do not use EC2 here.",
    },
    rds: {
      title: "RDS and Aurora databases",
      text: "Listing, starting and stopping databases. Aurora databases are clusters.",
      without: "Databases cannot be listed, started or stopped. Leave it out if you do not use RDS here.",
    },
    logs: {
      title: "Logs",
      text: "Writing to /cavok/… in the account's CloudWatch Logs. The test writes its own summary there.",
      without: "Nothing is written to your CloudWatch Logs; what happened is only in this dashboard.",
    },
    encrypted_volumes: {
      title: "Encrypted volumes",
      text: "Starting EC2 instances with volumes under a customer managed key of KMS.",
      without:
        "Such instances fall back to stopped after a start; the interaction then says so. Leave it out if " +
        "you use no such keys.",
    },
  },

  accessTexts: {
    assume_role: {
      title: "Assume Role",
      tag: "recommended",
      text:
        "Cavok assumes an IAM role that you create in your account. There is no password or key to hand " +
        "over, to rotate or to lose: every session ends by itself, and you end all of them by deleting the " +
        "role.",
    },
    access_key: {
      title: "Access Credentials",
      tag: "",
      text:
        "You create an IAM user and hand over its access key and secret. They are stored encrypted and " +
        "never shown again, but they stay valid until you rotate or delete them.",
    },
  },

  severity: { problem: "Problem", information: "For information" },
  severityBefore: "Found before",

  fix: {
    forms: "Forms of the fix",
    statement: "Policy statement",
    trustStatement: "Statement of the trust policy, in place of the one for Cavok",
    cli: "AWS CLI command",
    terraform: "Terraform",
    console: "Open it in the AWS console",
    stack: "Find the stack in the AWS console",
  },

  jump: {
    title: "Go to",
    label: "Account, view or action",
    hint: "Account, view or action…",
    options: "Choices",
    groups: { account: "This account", views: "Views", actions: "Actions", accounts: "Accounts" },
    ofAccount: (tab, name) => `${tab} of ${name}`,
    withStatus: (status) => `${status} accounts`,
    addAccount: "Add account",
    addMany: "Add many accounts",
    audit: "Audit trail of the organization",
    acts: {
      test: (name) => `Test ${name}`,
      invite: (name) => `Send ${name} to your AWS admin`,
      logsOn: (name) => `Write logs of ${name}`,
      logsOff: (name) => `Write no logs of ${name}`,
      rename: (name) => `Rename ${name}`,
      role: (name) => `Change role and regions of ${name}`,
      regions: (name) => `Change regions of ${name}`,
      rotate: (name) => `Rotate keys of ${name}`,
      revoke: (name) => `Revoke the use of ${name}`,
      delete: (name) => `Delete ${name}`,
    },
    // Other words for what is done.
    edit: "Edit",
    several: "Test, delete or write logs of several accounts",
    tonight: "What stops tonight, and what has no schedule",
    ofCause: "Test all accounts with a problem",
    export: "Export CSV of all accounts",
    noOrganizations: (why) => `AWS Organizations could not be read. ${why}`,
    theme: (name) => `Theme: ${name}`,
    searchAll: (q) => `Search all accounts for “${q}”`,
    searching: "Searching accounts…",
    notAll: "Not all accounts were looked at. Search all for the others.",
    more: (q) => `There may be more accounts with “${q}”. Type more of the name.`,
    failed: (why) => `Accounts could not be searched. ${why}`,
    found: (count) => plural(count, { one: "# choice", other: "# choices" }),
    none: "Nothing fits",
    keys: "↑ ↓ choose, Enter goes there, Esc closes.",
  },

  sharedProblems: {
    title: "Problems",
    causes: (count) => plural(count, { one: "# cause", other: "# causes" }),
    inAll: (count) => plural(count, { one: "in # account with problems.", other: "in # accounts with problems." }),
    inFirst: (count) =>
      plural(count, {
        one: "in the first account with problems. There may be more.",
        other: "in the first # accounts with problems. There may be more.",
      }),
    accounts: (count, now = count) =>
      `${plural(count, { one: "# account", other: "# accounts" })}${now === count ? "" : `, now ${number(now)}`}`,
    testAll: (count, of, isNext) =>
      count === of
        ? `Test all ${number(count)} of these`
        : `Test the ${isNext ? "next" : "first"} ${number(count)} of ${number(of)}`,
    copyNumbers: (count) => plural(count, { other: "Copy the # account numbers" }),
    inEach: (count) => plural(count, { other: "What you copy mends one account: use it in each of the #." }),
    // What each account shows of its own fix.
    parts: {
      policy_statement: "policy statement",
      cli: "AWS CLI command",
      terraform: "Terraform",
      console_url: "page in the AWS console",
      stack_url: "stack in the AWS console",
    },
    differ: (names) => `With each account, because it differs: ${names.join(", ")}.`,
    showMore: (count, left) =>
      count === left
        ? plural(count, { one: "Show # more account", other: "Show # more accounts" })
        : plural(left, { other: `Show ${number(count)} of # more accounts` }),
    lookAtMore: "Look at more accounts",
    none: "No account has a problem",
    noneText: "If a test finds one, it is here, once for all the accounts that have it.",
    noneSoFar: "No problem so far, but not all accounts are looked at yet.",
  },

  resources: {
    allAllowed: (count) => plural(count, { one: "Allowed for the only one", other: "Allowed for all #" }),
    allowed: (allowed, asked) => plural(asked, { other: `Allowed for ${number(allowed)} of #` }),
    denied: (count) => plural(count, { other: "refused for #" }),
    open: (count) => plural(count, { other: "not certain for #" }),
    which: "Which ones",
    some: (shown, asked) => plural(asked, { other: `Which ones (${number(shown)} of the #)` }),
  },

  regions: {
    status: { reachable: "Answers", refused: "Refused", not_enabled: "Not enabled", unknown: "Not known" },
    reasons: {
      service_control_policy: "by a service control policy",
      resource_control_policy: "by a resource control policy",
      permissions_boundary: "by a permissions boundary",
      explicit_deny: "by a policy of the role or user",
      identity_policy: "because no policy of the role or user allows it",
    },
    leftOut: "Regions that are refused or not enabled are left out of listings. Each test looks at them again.",
  },

  bulk: {
    title: "With the chosen accounts",
    chosen: (count) => plural(count, { one: "# account chosen", other: "# accounts chosen" }),
    exportOf: (count) =>
      count === undefined
        ? "Export of all accounts chosen before"
        : plural(count, {
            one: "Export of the account chosen before",
            other: "Export of the # accounts chosen before",
          }),
    all: (count) =>
      count === undefined
        ? "All accounts of this list are chosen"
        : plural(count, { one: "The one account of this list is chosen", other: "All # accounts of this list chosen" }),
    chooseAll: (count) =>
      count === undefined
        ? "Choose all of this list"
        : plural(count, { one: "Choose the one of this list", other: "Choose all # of this list" }),
    none: "Choose none",
    test: "Test",
    logsOn: "Write logs: Yes",
    logsOff: "Write logs: No",
    delete: "Delete…",
    press: (name) => `“${name}”`,
    gone: (count) =>
      plural(count, {
        one: "# chosen account has left the list, or what is loaded of it, and is not chosen any more.",
        other: "# chosen accounts have left the list, or what is loaded of it, and are not chosen any more.",
      }),
    part: "Only accounts that are loaded are chosen now.",
    region: "Several accounts",
    hint:
      "Enter in a row's checkbox leads to these buttons. If a screen reader takes Enter, go to the region " +
      "“Several accounts”.",
    first: (chosen) => `${chosen}. What can be done is in the region “${t.bulk.region}”, before the table.`,
    nothing: "No account is chosen any more.",
    question: (request, count) => `${t.bulk.confirmed(request, count)}?`,
    changed: "The list has changed meanwhile. This is the number of accounts now.",
    nobody: "No account fits any more, so nothing was done.",
    // An earlier press may have done it, whose answer was lost.
    allGone: "None of these accounts is in the list any more, so this press has begun nothing.",
    notBegun: (request, count) => {
      const now = t.bulk.confirmed(request, count);
      return count ? `Nothing has begun, because the list has changed since. It would now be: ${now}.` : t.bulk.nobody;
    },
    notAsked: (request, count) => {
      const question = t.bulk.question(request, count);
      const why = "because the list or the choice was left before the question";
      return count ? `Nothing has begun, ${why}: ${question}` : t.bulk.nobody;
    },
    deleteAll: "These are all accounts of your organization.",
    deleteRest:
      "The accounts that fit the filters when you confirm are deleted. An account that no longer fits the filters " +
      "when its turn comes is left as it is.",
    typeNumber: (count) => `Type ${count} to confirm`,
    otherNumber: "This is not the number of accounts.",
    confirmed: ({ action, value }, count) => {
      const set = `Set “Write logs” to ${value ? "Yes" : "No"} for`;
      const act = { test: "Test", delete: "Delete", write_logs: set }[action];
      return plural(count, { one: `${act} # account`, other: `${act} # accounts` });
    },
    tooMany: (count) => `At most ${number(count)} accounts can be chosen one by one. Choose all of a list instead.`,
    progress: "Progress",
    doing: ({ action, value, total }) => {
      const setting = `Setting “Write logs” to ${value ? "Yes" : "No"} for`;
      const doing = { test: "Testing", delete: "Deleting", write_logs: setting }[action];
      return plural(total, { one: `${doing} # account`, other: `${doing} # accounts` });
    },
    // `changed`: how many it changed or began to test; others did it with the rest. An older API does not say.
    soFar: ({ action, value, state, total, done, skipped, failed_total: failed, changed }) => {
      const what = { test: "Testing", write_logs: `Write logs: ${value ? "Yes" : "No"}`, delete: "Deleting" }[action];
      if (state === "running") return `${what}: ${number(done)} of ${number(total)}`;
      const did = {
        test: "Tests begun",
        write_logs: `Write logs set to ${value ? "Yes" : "No"}`,
        delete: "Deleted",
      }[action];
      const well = done - skipped - failed;
      const had = action !== "delete" && changed !== undefined ? well - changed : 0;
      const or = { test: ", or are revoked", write_logs: ", or a later press has set them" }[action] ?? "";
      const parts = [
        `${did}: ${number(well - had)}.`,
        had > 0 && `${action === "test" ? "Tested meanwhile" : "Had this value already"}: ${number(had)}.`,
        skipped > 0 && `Left, because they no longer fit the filters${or}: ${number(skipped)}.`,
        state !== "finished" && total > done && `Stopped, not reached: ${number(total - done)}.`,
      ];
      return parts.filter(Boolean).join(" ");
    },
    failed: (count) => plural(count, { one: "# account was refused", other: "# accounts were refused" }),
    more: (count) => plural(count, { one: "and # more.", other: "and # more." }),
    lastKnown: (soFar) => `When it was read last: ${soFar}`,
    stop: "Stop",
    withProblems: "Accounts with problems",
    undo: "Undo",
    undoText: "This also sets accounts that somebody has set to the same value again since.",
    // Of more, the API does not say which they are.
    again: (count, all = count) =>
      all > count
        ? plural(count, { other: "Try the first # refused ones again" })
        : plural(count, { one: "Try the refused one again", other: "Try # refused ones again" }),
    close: "Close",
  },
  columns: {
    others: {
      template_version: "Role version",
      write_logs: "Write logs",
      regions: "Regions",
      enrollment_id: "AWS Organization",
      next_verification_at: "Next test",
      created_at: "Added",
    },
    version: (version, outdated) => `${version}, ${outdated ? "outdated" : "the newest"}`,
    moreRegions: (count) => `+${number(count)}`,
    enrolled: "Show it",
    enrollmentOf: (name) => `Show the AWS Organization of ${name}`,
    lines: "Where columns have no room beside each other, each account has several lines.",
    usual: "Usual columns",
  },

  choices: {
    of: {
      sort: {
        label: "Order",
        values: {
          "": "By name, or best match first",
          name: "Name, A to Z",
          "-name": "Name, Z to A",
          status: "Status, failed first",
          "-status": "Status, confirmed first",
          provider_id: "Number, lowest first",
          "-provider_id": "Number, highest first",
        },
      },
      access_type: {
        label: "Access type",
        values: { "": "All access types", assume_role: "Assume Role", access_key: "Access Key" },
      },
      has_problems: {
        label: "Problems",
        values: { "": "With and without", true: "With problems", false: "Without problems" },
      },
    },
    enrollment: "AWS Organization",
    anyEnrollment: "In any or none",
    unit: "Unit",
    anyUnit: "All units",
    clear: "Clear all filters",
    export: "Export CSV",
    cancel: (count) => `Cancel · ${number(count)}`,
    begun: "The export has begun.",
    cancelled: (of) => `${of} is cancelled.`,
    goesOn: (count, time) => {
      if (count === undefined) return `The export begun at ${time} goes on.`;
      const of = plural(count, { one: "# account", other: "# accounts" });
      return `The export of ${of}, begun at ${time}, goes on.`;
    },
    exportOf: (count) =>
      count === undefined ? "Export CSV" : plural(count, { one: "Export of # account", other: "Export of # accounts" }),
    exported: (count) => plural(count, { one: "# account exported", other: "# accounts exported" }),
    missed: (count) =>
      plural(count, {
        one: "# chosen account is missing: it has left the list, or has moved in it meanwhile.",
        other: "# chosen accounts are missing: they have left the list, or have moved in it meanwhile.",
      }),
    file: (date) => `cavok-accounts-${date}.csv`,
  },

  enrollments: {
    connect: "Connect a whole AWS Organization",
    text:
      "One stack connects every account of an AWS Organization, also those that join later. Each account is tested " +
      "by itself, and no key is exchanged.",
    whole: "Many accounts in one AWS Organization? One stack connects them all:",
    add: "Connect an AWS Organization",
    submit: "Add it",
    empty: "No AWS Organization is connected yet",
    status: { waiting: "Waiting for its stack", connected: "Connected", failed: "Failed" },
    statusText: {
      waiting: "The stack has not let Cavok in yet. Once it is deployed, members appear by themselves.",
      connected: "Cavok reads the AWS Organization every 6 hours, and adds the accounts that have joined.",
      failed: "Cavok cannot read the AWS Organization any more. Accounts that are connected stay so.",
    },
    states: {
      connected: "Connected",
      role_missing: "Role missing",
      problem: "Problem",
      excluded: "Excluded",
      suspended: "Suspended",
      closed: "Closed",
    },
    counted: (state, count) => `${state}: ${number(count)}`,
    progress: (connected, wanted) =>
      wanted ? `${number(connected)} of ${number(wanted)} connected` : "None to connect",
    gone: "This enrollment does not exist any more",
    goneText: "It was ended. Its accounts are where they were.",
    facts: "The AWS Organization",
    account: "Account of the stack",
    enterAccount: "Enter its number",
    arn: "AWS Organization",
    arnUnknown: "Known after the first synchronization",
    lastSynchronized: "Last synchronized",
    never: "Never",
    nextSynchronization: "Next by itself",
    notPlanned: "Not planned",
    settings: "What is chosen",
    all: "The whole AWS Organization",
    none: "None",
    anyName: "Any name",

    synchronize: "Synchronize now",
    synchronizing: "A synchronization is running. Press “Synchronize now” to see how far it is.",
    synchronization: "Synchronization",
    running: ({ found, added, changed, missing }) =>
      `Reading the AWS Organization: ${plural(found, { one: "# account", other: "# accounts" })} found, ` +
      `${number(added)} added, ${number(changed)} changed, ${number(missing)} without their role.`,
    finished: ({ found, added, changed, missing }) =>
      `Done: ${plural(found, { one: "# account", other: "# accounts" })} found, ${number(added)} added, ` +
      `${number(changed)} changed, ${number(missing)} without their role.`,
    failed: (reason) => `The synchronization failed. ${reason}`,

    deploy: "Deploy the stack",
    redeploy: "The stack",
    redeployText: "How it is deployed. Once it is there, it is updated instead.",
    howTo: "How to deploy it",
    update: "Update the stack",
    updateText: "After a change of units, excluded accounts, features, log writing, the boundary or tags.",
    howToUpdate: "How to update it",
    change: ({ version, text, adds = [], removes = [] }) =>
      [
        `Version ${number(version)}: ${text}`,
        adds.length && `It adds ${adds.join(", ")}.`,
        removes.length && `It removes ${removes.join(", ")}.`,
      ]
        .filter(Boolean)
        .join(" "),
    stackVersion: "Version of its roles",
    ofVersion: "Members with this version",
    deployNote: "Opens the AWS console in a new tab. Sign in to the management account or a delegated administrator.",
    tabs: { cloudformation: "CloudFormation", terraform: "Terraform", cli: "AWS CLI" },

    members: "Members",
    membersText: "The accounts of the AWS Organization in its units. A unit counts also what is in the units below it.",
    noMembers: "No members yet. They appear with the first synchronization.",
    tree: "Units and their members",
    filter: "Show members by state",
    allStates: "All",
    noneInState: "No member is in this state now.",
    moreUnits: (count) => plural(count, { one: "Show # more unit", other: "Show # more units" }),
    inTheList: "Show in the list of accounts",
    membersOf: (name) => `Members in ${name} itself`,
    noneHere: "None here now.",
    tryAgain: (count) =>
      plural(count, { one: "Try # whose role is missing again", other: "Try # whose role is missing again" }),
    missingText:
      "The stack set may take an hour for hundreds of accounts. Cavok tries again by itself; a member that was tried " +
      "within ten minutes waits for the next try.",

    end: "End the enrollment",
    endText:
      "The AWS Organization is not synchronized any more, and no account is added. Its accounts stay connected until " +
      "their roles are gone from AWS. What to delete there, and in which order, is shown next.",
    endMeanwhile: (name) => `Somebody else has changed ${name} meanwhile. Press again to end it.`,
    ended: (name) => `${name} was ended`,
    endedText: "What to delete now, in this order",
    back: "Back to AWS Organizations",

    name: "Name",
    accountHelp:
      "The management account of the AWS Organization, or a delegated administrator of StackSets. Enter it before " +
      "you deploy: the stack then starts the synchronization.",
    includeOus: "Units to connect",
    includeOusHelp: "Their ids, such as ou-ab12-11111111. Leave it empty for the whole AWS Organization.",
    excludeOus: "Units to leave out",
    excludeOusHelp: "Their accounts are left out at any depth.",
    excludeAccounts: "Accounts to leave out",
    excludeAccountsHelp: "Their 12-digit numbers.",
    namePattern: "Names to connect",
    namePatternHelp: "As AWS has them; * and ? stand for any others, as in prod-*.",
    regionsHelp:
      "Where the instances of new members are, up to 20. Leave it empty for the region of this installation.",
    writeLogsYes: "Cavok writes to /cavok/… in the CloudWatch Logs of new members at every interaction.",
    writeLogsNo: "Nothing is written to the members.",
    more: "Role, tags and features",
    boundary: "Permissions boundary",
    boundaryHelp: "The name of a policy that exists in every account, such as team/Limits.",
    tags: "Tags",
    tagsHelp: "Up to three tags of each role, one a line: key=value.",
    features: "Features",
    wrong: {
      name: () => "Letters A to Z and digits only, up to 64.",
      number: (of) => `An AWS account number has 12 digits; ${of} has not.`,
      unit: (of) => `${of} is not the id of a unit, like ou-ab12-11111111, or of the root, like r-ab12.`,
    },
    changeTitle: "Change the enrollment",
    changeNote: "Accounts that were added before keep their regions and log writing. For the roles, update the stack.",
    changedMeanwhile: "Somebody else has changed this meanwhile. Press again to save what you see here over it.",
  },
  newAccount: {
    title: "New Account",
    submit: "Add account",
    provider: "Provider",
    comingSoon: "coming soon",
    number: "Provider ID",
    numberHelp: "The 12-digit account number of your AWS account.",
    typedSince:
      "The account was added as it was when you pressed Add account. What you have typed since is kept under " +
      "New Account, but no secret key.",
    numberTaken: (digits) => `${digits} is here already. It is the account`,
    nameTaken: (name, digits) => `${name} is the name of account ${digits} already. Press again to use it twice.`,
    numberNeeded: "Enter the 12-digit account number.",
    numberWrong: (digits) =>
      `An AWS account number has 12 digits; this has ${digits}${digits === 12 ? " and something else" : ""}.`,
    name: "Name",
    nameHelp: "Letters and digits only, up to 64.",
    nameNeeded: "Give the account a name.",
    nameWrong: (suggestion) =>
      suggestion ? `Letters and digits only, for example ${suggestion}.` : "Letters A to Z and digits only.",
    accessType: "Access type",
    writeLogs: "Write logs",
    writeLogsYes: "Cavok writes to /cavok/… in this account's CloudWatch Logs at every interaction with its instances.",
    writeLogsNo: "Nothing is written to this account. What happened is only in this dashboard.",
    more: "Role name and regions",
    roleName: "Role name",
    roleNameHelp: "Starts with Cavok. Leave it empty for CavokCloud.",
    rolePath: "Role path",
    rolePathHelp: "Only if your organization gives roles a path, such as /team/.",
    roleNameWrong: "The name must start with Cavok, up to 64 letters, digits and +=,.@_-",
    regionsHelp: "Where your instances are, up to 20. Leave it empty for the region of this installation.",
    credentialsHelp: "Create the IAM user first. The permissions it needs are in",
    keyId: "Access key ID",
    keyIdWrong: "An access key ID has 16 or more capital letters and digits.",
    secret: "Secret access key",
    secretHelp: "Stored encrypted; nobody can read it back.",
    secretNeeded: "Enter the secret access key.",
  },

  addMany: {
    title: "Add many accounts",
    text: "Account numbers",
    textHelp:
      "One a line, with a name beside it if you like; or lines of a spreadsheet with their heads, such as " +
      "provider_id, name, role_name, regions and write_logs. The list of accounts that AWS Organizations exports is " +
      "fine as it is. Accounts with an access key are added one by one.",
    file: "Or a file",
    pasted: "Pasted text",
    rests: "What is left",
    lines: (count) => plural(count, { one: "# line", other: "# lines" }),
    remove: "Remove",
    edit: "Edit as text",
    tooLongToEdit: "Too long to be edited here: correct it in the file or a spreadsheet, and choose that.",
    putBack: (name, count, time) =>
      `Put “${name}” back (${plural(count, { one: "# line", other: "# lines" })}${time ? `, ${time}` : ""})`,
    oneFile: (name) => `One file at a time: of these, only “${name}” counts.`,
    submit: "Add accounts",
    preview: "What was read",
    result: "What became of it",
    none: "Enter at least one account number.",
    unreadable: "The file could not be read. Choose it again.",
    empty: "There is nothing in this file.",
    workbook: "This is a workbook, such as one of Excel, and no text. Save it as CSV, and choose that.",
    tooLong: "This is too long to be read at once: 1.5 MB at most. Add it in parts.",
    summary: (ready, wrong) =>
      `${plural(ready, { one: "# account can be added.", other: "# accounts can be added." })}${
        wrong ? ` ${plural(wrong, { one: "# line cannot be read.", other: "# lines cannot be read." })}` : ""
      }`,
    line: (line) => `Line ${number(line)}:`,
    errors: {
      numberMissing: () => "There is no account number.",
      numberWrong: (digits) =>
        digits === 12
          ? "An AWS account number has 12 digits without other signs between them."
          : `An AWS account number has 12 digits; this has ${digits}${
              digits < 12 ? ". A spreadsheet leaves out zeros at its beginning." : "."
            }`,
      numberRounded: (said) =>
        `A spreadsheet has rounded this number to ${said}, so its digits are lost. Make the column text, and enter ` +
        "them again.",
      severalNumbers: () => "There are several account numbers beside a name. Give each a line of its own.",
      valueTooLong: () => "A value in this line is too long: 10,000 characters at most.",
      quoteOpen: () => "A quotation mark is not closed.",
      notActive: (state) => `The text says of this account: ${state}.`,
      inDoubt: ({ line, state }) =>
        `Line ${number(line)} says “${state}”, perhaps also of this account. Take that line out, or write it beside ` +
        "the number.",
      ofWhich: (state) => `This says “${state}”, but not of which accounts. Take it out, and those that it means.`,
      elsewhere: (said) =>
        `${said} does not stand where an account's number does. If it is an account, add it in a line of its own.`,
      roleArn: (arn) => `This is no ARN of a role in this account: ${arn}`,
      twice: (line) => `This number is in line ${number(line)} already.`,
      writeLogs: (said) => `Write logs is yes or no, not ${said}.`,
      keyed: () => "An account with an access key is added by itself.",
      tooManyCells: (heads) =>
        `This line has more cells than the ${number(heads)} heads. Put a value with a separator in it in quotation ` +
        "marks.",
    },
    more: (count) => plural(count, { one: "and # more", other: "and # more" }),
    ready: "Accounts to add",
    columns: ["Line", "Number", "Name", "Role", "Regions", "Write logs"],
    progress: (done, all) => `${number(done)} of ${number(all)} done.`,
    waits: (done, all, time) =>
      `${number(done)} of ${number(all)} done. Your organization has added as many as it may for now: this goes on ` +
      `at ${time}.`,
    stop: "Stop",
    left: (added, rest) =>
      `${plural(added, { one: "# account was added.", other: "# accounts were added." })}${
        rest ? ` ${plural(rest, { one: "# line is left.", other: "# lines are left." })}` : ""
      }`,
    back: "Back to it",
    sending:
      "What was being sent as you left is not answered yet. What is not added of it comes back into the form; until " +
      "then, nothing else is added.",
    answered: "What became of that is said below the form.",
    added: (count) => plural(count, { one: "# account was added", other: "# accounts were added" }),
    next: "Each needs its role. What to deploy is under",
    show: "Show the unconfirmed accounts",
    sent: (count) =>
      plural(count, {
        one: "# account was sent without an answer, and may have been added.",
        other: "# accounts were sent without an answer, and may have been added.",
      }),
    unsent: (count, isLeft) =>
      plural(count, {
        one: `# account was not sent, because you ${isLeft ? "left" : "stopped"}.`,
        other: `# accounts were not sent, because you ${isLeft ? "left" : "stopped"}.`,
      }),
    refused: (count) => plural(count, { one: "# account was refused", other: "# accounts were refused" }),
    rest: "What was not added is in the form again, to be corrected and added.",
  },

  account: {
    loading: "Account",
    isNow: (status) => `The account is now: ${status}`,
    sections: "Sections of this account",
    missing: "No such account",
    missingText: "It was deleted, or it belongs to another organization.",
    itsAudit: "Its audit trail, if it was yours",
    tabs: {
      overview: "Overview",
      connect: "Connect",
      instructions: "Instructions",
      tests: "Tests",
      health: "Health",
      instances: "Instances",
      schedules: "Schedules",
      interactions: "Interactions",
      privilege: "Least privilege",
      audit: "Audit trail",
    },
    test: "Test",
    watchTest: "Watch the test",
    status: "Connection",
    newer: { text: "Show changes", said: "Something else was found." },
    statusText: {
      unconfirmed: "Not confirmed yet: no test has proved this connection.",
      confirmed: "Connected. A test proved it.",
      degraded: "Connected, but something that you asked for does not work.",
      failed: "Not connected.",
      openToOthers: "Blocked for your safety: others could enter this account through its role.",
      logsOff: "Connected. Log writing did not work, and is switched off now, as the next test will say.",
      confirmedInPart: "Connected. A test proved it, and found what is below.",
      notThereYet: "Not there yet: a test could not enter this account.",
      revoked: "Revoked: nothing of this account is used until a person tests it.",
    },
    // By what tests have found since the connection last changed. Log writing may have been switched on after the last
    // verdict.
    notKnown: {
      before: ["Not known yet", "A test will show it."],
      notEntered: ["Not tried", "The account could not be entered."],
      after: ["Not certain", "The last test with a verdict left it open."],
    },
    blockedUntil: {
      failed: "Nothing is used until the account is connected.",
      openToOthers: "Nothing is used until the role is closed to others.",
    },
    optional: "It is optional.",
    // By group and capability.
    possible: {
      ec2: {
        full: "List, start and stop.",
        partial: "Some of list, start and stop, or for some instances only.",
        none: "Nothing of EC2 is allowed: the test says why.",
      },
      rds: {
        full: "List, start and stop, Aurora included.",
        partial: "Some of list, start and stop, or for some databases only.",
        none: "Nothing of RDS is allowed: the test says why.",
      },
      logs: {
        full: "Written to /cavok/… in the account.",
        partial: "Some steps of writing are refused.",
        none: "Writing is refused.",
        off: "Write logs is No for this account.",
      },
    },
    whatWasTried: "See what was tried",
    unconfirmed: {
      assume_role: "Create the role in your account; Cavok finds it automatically, or press Test. How:",
      nobodyLooks: "Create the role in your account, then press Test. How:",
      access_key: "Press Test to see whether the credentials work. What the IAM user needs:",
      // For an access type that this page does not know.
      other: "Connect the account, then press Test. How:",
      refused_key: "What the IAM user needs:",
    },
    issues: "What is wrong",
    information: "Good to know",
    remedy: "What to do:",
    allTests: "All tests of this account",
    facts: "Details",
    number: "Account number",
    accessType: "Access type",
    role: "Role ARN",
    roleVersion: "Role version",
    newestVersion: (current) => `${current} is the newest`,
    keyId: "Access key",
    regions: "Regions",
    defaultRegion: "the region of this installation",
    lastTested: "Last tested",
    nextTest: "Next scheduled test",
    noNextTest: "rests until somebody presses Test",
    added: "Added",
    by: "by",
    changed: "Changed",
    settings: "Settings",
    name: "Name",
    roleAndRegions: "Role and regions",
    keys: "Credentials",
    keysText: (last) => `The access key that ends in ${last}`,
    rotate: "Rotate keys",
    rotateText:
      "Create a second access key for the IAM user, enter it here, test, and only then delete the old one " +
      "in AWS. The account is unconfirmed until it is tested again.",
    rotateSubmit: "Use these keys",
    rotated: "The new keys are stored. Test the account now.",
    rotatedAndProved: "The new keys are in use, and a test has proved them.",
    renameTitle: "Rename the account",
    roleNameHelp: "Starts with Cavok.",
    regionsHelp: "Where your instances are, one to 20.",
    reachText: "After a change of role or regions the account is unconfirmed until it is tested again.",
    saved: "Saved.",
    savedTestAgain: "Saved. Test the account now.",
    savedRevoked: "Saved. The account stays revoked until a person tests it.",
    changedMeanwhile:
      "This was not done: the account has changed in the meantime. What you see now is current; try again.",
    renamedMeanwhile: (name) => `Somebody else changed this: the name is ${name} now. Save again to set yours.`,
    reachMeanwhile: (role, regions) =>
      `Somebody else changed this. ${role ? `Role now: ${role}. ` : ""}Regions now: ${regions}. ` +
      "Save again to set yours.",
    keysMeanwhile: (ending, status) =>
      `Your key was not stored. This account has changed in the meantime: its key ends in ${ending}, and it is ` +
      `${status}. Press again only if yours is to replace that key.`,
    keysTested: (status) => `Your key is stored; a test found: ${status}. Press again only to store it anew.`,
    logsOn: "Cavok writes logs from now on, if the role or user allows it. A test shows whether it does.",
    logsLater:
      "Cavok writes logs once the account is connected, if the role or user allows it. A test shows whether it does.",
    logsOff: "Nothing is written to this account any more.",
    remove: "Delete account",
    removeText: "Cavok stops using this account at once. Its audit trail and its usage stay.",
    removeTitle: (name) => `Delete ${name}?`,
    removeConsequences: (count) =>
      plural(count, {
        one:
          "Its instances can no longer be started or stopped from here, and its schedules end. This cannot be " +
          "undone.",
        other:
          "Their instances can no longer be started or stopped from here, and their schedules end. This cannot be " +
          "undone.",
      }),
    // Of so many accounts with a role, and so many with a user.
    staysInAws: (roles, users) =>
      [
        roles &&
          plural(roles, {
            one:
              "In your AWS account the role stays until you remove it: delete the CloudFormation stack (or the " +
              "Terraform resources) that made it.",
            other:
              "In your AWS accounts the roles stay until you remove them: delete the CloudFormation stacks (or the " +
              "Terraform resources) that made them.",
          }),
        users &&
          plural(users, {
            one:
              "In your AWS account the IAM user stays until you remove it: delete its access key, then the user. " +
              "Cavok no longer uses the key, but sealed copies of it stay in backups for 35 days " +
              "and in histories of tests for 90 days.",
            other:
              "In your AWS accounts the IAM users stay until you remove them: delete their access keys, then the " +
              "users. Cavok no longer uses the keys, but sealed copies of them stay in backups for 35 days " +
              "and in histories of tests for 90 days.",
          }),
        "Log groups under /cavok/ are yours to keep or delete.",
      ]
        .filter(Boolean)
        .join(" "),
    removeType: (digits) => `Type the account number ${digits} to confirm`,
    removeMismatch: "This is not the number of this account.",
    removeMeanwhile: (name, ending, status) =>
      `This account has changed in the meantime: it is called ${name}, ` +
      `${ending && `its key ends in ${ending}, `}and it is ${status}. Press again to delete it.`,
    removeSubmit: "Delete account",
    removed: (name) => `${name} was deleted.`,
  },

  revoke: {
    title: "Stop using this account",
    text:
      "Ends what Cavok may still do here, at once. The account stays in the list, and a test by a person " +
      "takes it into use again.",
    action: "Revoke now",
    confirm: (name) => `Stop using ${name} now?`,
    ends: "What ends now:",
    consequences: [
      "Sessions that Cavok still holds: none of them is used for another act.",
      "Starting, stopping and listing its instances.",
      "Its schedules: no instance is started or stopped in their turn.",
      "Writing to its logs.",
      "Tests that Cavok makes by itself.",
    ],
    stays: {
      assume_role:
        "The role in your AWS account stays as it is. What AWS has already begun goes on. A test by a " +
        "person takes the account into use again.",
      access_key:
        "The IAM user and its key stay as they are. What AWS has already begun goes on. A test by a person " +
        "takes the account into use again.",
    },
    done: (name) => `${name} is revoked. Nothing of it is used until a person tests it.`,
  },

  privilege: {
    title: "Least privilege",
    text:
      "The smallest policy that still works for what is under Cavok's control and for what was used in the " +
      "last 90 days. It was evaluated on each of these resources before it is offered here.",
    evaluated: "Evaluated",
    isEvaluated: "The policy is evaluated.",
    again: "Evaluate again",
    details: "What each permission is for is in",
    byLabel: "Limit it by",
    by: {
      arn: { title: "ARN", text: "Names each resource. A new one needs a change of the policy." },
      tag: {
        title: "Tag",
        text: "Allows instances with the tag cavok:managed = true, which you set first. A new one needs only the tag.",
      },
    },
    removes: "What it takes away",
    removesNothing: "Nothing: what is granted today is used.",
    covers: "What it covers",
    coversText: "The actions that stay possible on each resource.",
    coversNothing: "Nothing is under Cavok's control. Choose instances under",
    documents: "The policy",
    use: {
      assume_role:
        "Replaces the permissions policy of the role. If its stack reports to Cavok, its update has the account " +
        "tested. Otherwise test it afterwards.",
      access_key: "Replaces the policy of the IAM user. Test the account afterwards.",
    },
    tabs: {
      "cavok-least.json": "Policy",
      "cavok-least-template.json": "CloudFormation",
      "cavok-least.tf": "Terraform",
    },
    missing: "This installation does not offer it yet.",
  },

  usage: {
    title: "Free tier",
    used: (used, free) =>
      plural(free, {
        one: `${number(used)} of # interaction used`,
        other: `${number(used)} of # interactions used`,
      }),
    share: (percent) => `(${percent})`,
    near: "The free tier of this month is nearly used up. Nothing is blocked.",
    over: "The free tier of this month is used up. Nothing is blocked.",
    billable: (count) => plural(count, { one: "# above it is billable.", other: "# above it are billable." }),
    remaining: (count) => plural(count, { other: "# left." }),
    resets: (date) => `Starts again on ${date}, UTC.`,
    text:
      "Every account has its own free tier. What counts: each start and stop that is asked for, each listing read " +
      "from AWS, and each test by a person that ends with a verdict, also one that began because they waited for it " +
      "in the instructions. Scheduled tests do not count.",
  },

  months: {
    title: (count) => plural(count, { other: "Interactions in the last # months, UTC." }),
    notAdded: "not added yet",
    most: (month, used, current) => `Most in ${month}: ${used}. This month so far: ${current}.`,
    nothing: "No interaction counted.",
    atLeast: (count) => plural(count, { other: "at least #" }),
    month: (month, used) => `${month}: ${used}`,
    soFar: (month) => `${month}, so far`,
    cut: "In some months, more accounts were used than are added up here: those used least are left out.",
    table: "The months in words",
    monthHead: "Month",
    used: "Interactions",
  },

  instructions: {
    title: { assume_role: "Make the role in your account", access_key: "Make the IAM user in your account" },
    other: "Other ways",
    open: "Open the account",
    pressAgain: "The link is new now. Press it again.",
    testNow: "Test now",
    testing: "A test is running.",
    nextCheck: "Cavok tests by itself:",
    looks: {
      waiting:
        "Cavok looks every 5 seconds while you are here, which is free. Once the role lets Cavok in, it tests the " +
        "account for you, which counts as your test.",
      busy: "Others of your organization are looked at or tested first. This account waits for its turn.",
      over: "Cavok has looked for 30 minutes, and stopped.",
      found: "",
      failed: "Cavok could not look just now. It tries again by itself while you are here.",
      off: "",
    },
    lookAgain: "Look again",
    watch: {
      unconfirmed: "Waiting for a role that lets Cavok in.",
      notProvedYet: "No test has proved the role yet.",
      notProvedSince: "No test has proved the role since the last change.",
      notEntered: "A test could not enter the account with this role.",
      nobodyLooks: "Nobody looks for it now: once it lets Cavok in, it must be tested.",
      unconfirmedKey: "Waiting for a test of these credentials.",
      keyRefused: "A test could not enter the account with these keys. Enter others under Rotate keys, then test.",
      notProved: "The last test did not prove the connection. Test again; if it ends so again, follow the steps.",
      revoked: "Revoked: nothing of this account is used until a person tests it.",
      confirmed: "It works. This account is connected.",
      degraded: "This account is connected; something that you asked for does not work yet.",
      logsOff:
        "This account is connected. Log writing did not work, and is switched off now, as the next test will say.",
      failed: "Not connected. Follow the steps again, then test.",
      openToOthers:
        "Blocked for your safety: the role lets others in. Give it the trust policy under Policies by hand, then test.",
    },
    deploy: "Deploy on AWS",
    deployNote: (digits) => `Opens the AWS console in a new tab. Sign in to account ${digits}.`,
    linkStays: "The link does not expire: you can send it to somebody who may deploy it there.",
    linkExpires: "The link expires within an hour; while you look at this page, it is renewed.",
    tabs: { cloudformation: "CloudFormation", terraform: "Terraform", cli: "AWS CLI", policies: "Policies by hand" },
    cloudformation:
      "The template behind “Deploy on AWS”, with your values filled in, to read it first or to deploy it in " +
      "your own way.",
    terraform: "The same as Terraform resources.",
    cli: "The same with the AWS CLI, run with credentials of the account.",
    policies:
      "Create an IAM role with this trust policy and attach the permissions as an inline policy. What each " +
      "permission is for is in",
    policiesUser:
      "Create an IAM user and attach the permissions as an inline policy. What each permission is for is in",
    template: "CloudFormation template",
    templateUrl: "Address of the template",
    update: "Update the role",
    connect: "See how far it is, or send it to your AWS admin",
    deployed: "What is deployed",
    role: "Lets Cavok in",
    user: "An IAM user with an access key",
    version: "Version of its template",
    versions: {
      newest: (version) => `${number(version)}, the newest. There is nothing to update.`,
      old: (version, newest) => `${number(version)}. The newest is ${number(newest)}.`,
      unknown: "Not known: the role's own policies do not tell.",
      soon: "How to update it is not read yet.",
    },
    grants: "Grants",
    withLogs: "Listing, starting and stopping instances, and writing to CloudWatch Logs under /cavok/.",
    withoutLogs: "Listing, starting and stopping instances.",
    remove: "Remove it",
    removeText: {
      assume_role:
        "Delete the stack in CloudFormation, or the role: from then on, nothing of this account can be used. " +
        "Delete the account here too.",
      access_key:
        "Delete the access key in IAM, then the user: from then on, nothing of this account can be used. Delete the " +
        "account here too.",
    },
    deployAgain: "Deploy it again, or in another way",
    trust: "Trust policy",
    permissions: "Permissions policy",
  },

  connect: {
    nodes: {
      account: "Your AWS account",
      role: (name) => `Role ${name} with your external ID`,
      user: "IAM user with your access key",
    },
    states: {
      entry: {
        assume_role: {
          waiting: "Not there yet.",
          working: "Being tried: does it let Cavok in, and nobody else?",
          done: "It lets Cavok in, and nobody without the external ID.",
          failed: "Not safe, or of another account.",
        },
        access_key: {
          waiting: "No test has proved the key yet.",
          working: "The key is being tried.",
          done: "The key is of this account.",
          failed: "The key is of another account, or does not work.",
        },
      },
      use: {
        waiting: () => "Waits for the way in.",
        working: (checked) =>
          checked
            ? plural(checked, { one: "# permission checked so far.", other: "# permissions checked so far." })
            : "Permissions are being checked.",
        done: (checked) =>
          checked
            ? plural(checked, {
                one: "# permission checked, and allowed.",
                other: "# permissions checked, all allowed.",
              })
            : "Connected.",
        part: (checked, allowed) =>
          plural(checked, { other: `${number(allowed)} of # permissions allowed. The test says which are not.` }),
        failed: () => "Not connected.",
      },
    },
    deploy: "Deploy the role",
    deployText:
      "CloudFormation opens with everything filled in: acknowledge that it creates an IAM role, and press “Create " +
      "stack”. Then come back here: the picture follows by itself.",
    keyTitle: "What the key needs",
    keyText:
      "The IAM user of this key needs the permissions that are under “Other ways”. If somebody else looks after that " +
      "user, send them what is asked.",
    connected: "Connected.",
    found: (count, isWhole) => {
      if (!count) return isWhole ? "We found no instances." : "We found no instances where we could look.";
      return isWhole
        ? plural(count, { one: "We found # instance.", other: "We found # instances." })
        : plural(count, { one: "We found at least # instance.", other: "We found at least # instances." });
    },
    running: (count, all) => (all === 1 ? "It runs now." : plural(count, { one: "# runs now.", other: "# run now." })),
    unscheduled: (count, running) =>
      running === 1
        ? "It is not stopped at night by a schedule here."
        : plural(count, {
            one: "# of them is not stopped at night by a schedule here.",
            other: "# of them are not stopped at night by a schedule here.",
          }),
    addText: "Add those that Cavok should switch: each with a schedule, or without one for now.",
    add: "Add resources",
    added: (count) => plural(count, { one: "# resource added", other: "# resources added" }),
    allAdded: "All of them are added.",
  },

  adding: {
    title: "Add resources",
    text: (zone) =>
      "Where a name says dev, test or staging, a schedule is suggested. All but production are chosen: those without " +
      `a schedule run on as they do. Times are in ${zone}, and you can change each week later.`,
    submit: "Add",
    scheduleOf: (name) => `Schedule of ${name}`,
    scheduleOfChosen: "Schedule of those chosen",
    different: "Different schedules",
    nightsForOthers: "Nights off for those without one",
    nightsGiven: (count) =>
      plural(count, { one: "Nights off: # instance has it now.", other: "Nights off: # instances have it now." }),
    because: (word) => (word ? `its name says “${word}”` : "its name suggests no schedule"),
    choices: {
      office: "Office hours: Monday to Friday, 8 to 18",
      nights: "Nights off: 6 to 22 every day",
      none: "No schedule yet",
    },
    isSet: "Added.",
    isThere: (schedule) =>
      schedule ? "Is under control already, with its own schedule." : "Is under control already, without a schedule.",
    there: (count) => plural(count, { one: "# is under control already.", other: "# are under control already." }),
    set: (done, all) => plural(all, { other: `${number(done)} of # instances are added.` }),
    allSet: (count) => plural(count, { one: "# instance is added.", other: "# instances are added." }),
  },

  invite: {
    action: "Send to your AWS admin",
    title: "Send to your AWS admin",
    text: "Makes a link for somebody who may create roles in the AWS account, and needs no user here. It shows them:",
    shows: [
      "the account's number, what is asked for and why",
      "the role, whom it trusts and your external ID, which is no secret",
      "the button “Deploy on AWS”",
    ],
    submit: "Make the link",
    lasts: "It is good for seven days.",
    looking: "Looking whether a link is valid…",
    unknown: (why) => `Whether a link is valid could not be read. ${why}`,
    valid: (until) => `A link of this account is valid until ${until}. A new one replaces it.`,
    stays: "A link that was sent to an AWS admin is good for seven days.",
    withdraw: "Withdraw the link",
    withdrawn: "No link of this account is valid now.",
    made: "The link is made. Whoever has it sees what it shows, so send it to your AWS admin only.",
    unseen: "The link is made, but nobody has seen it. Make another one, which replaces it.",
    link: "Link",
    once: "It is shown once.",
    until: "It ends",
  },

  invitation: {
    title: "Connect an AWS account",
    heading: (digits) => `Connect AWS account ${digits} to Cavok Cloud`,
    text:
      "The person who sent you this link asks for access to this account, so that Cavok Cloud can switch its " +
      "instances on and off. This page shows all that is asked for. You need no user here.",
    warning:
      "Deploy it only if you know who sent you the link. They will be able to see, start and stop the instances of " +
      "this account. Deleting the stack ends it at any time.",
    asked: "What is asked for, and why",
    actions: (count) => plural(count, { one: "# permission", other: "# permissions" }),
    who: "Who gets it",
    whoRole:
      "A role in your account, which only Cavok's account may assume, and only for the organization with this " +
      "external ID. The ID is no secret: the role's trust policy shows it too.",
    whoUser:
      "An IAM user in your account, without console access. Create an access key for it, and give that to nobody but " +
      "the person who asked you, in a way that you both trust. This page never asks for a key.",
    role: "Role",
    trusted: "Account of Cavok",
    externalId: "External ID",
    deploys:
      "CloudFormation opens with everything filled in. Acknowledge that it creates an IAM role, and press “Create " +
      "stack”. You need not tell anybody: Cavok finds the role by itself while somebody waits for it.",
    reports:
      "When the stack is made, updated or deleted, it also publishes that to an SNS topic of Cavok's, so that Cavok " +
      "tests the role at once; set ReportConnection to No if it should not.",
    deploysUser:
      "CloudFormation opens with everything filled in. Acknowledge that it creates an IAM user, and press “Create " +
      "stack”.",
    expires: "This page ends",
    documents: "The documents",
    policies: "Policies",
    notValid: "This link is not valid",
  },

  tests: {
    all: "All tests",
    none: "No test of the last 90 days.",
    missing: "This test is not kept any more, or never was.",
    running: "Testing…",
    progress: (done) => plural(done, { one: "# step done", other: "# steps done" }),
    outcomeSaid: (outcome) => `The test has ended: ${outcome}`,
    outcomeText: {
      confirmed: "The connection works.",
      degraded: "The connection works, but something that this account asks for does not.",
      failed: "The connection does not work.",
      openToOthers: "Blocked for your safety: others could enter this account through its role.",
      notThereYet: "The account could not be entered. It stays unconfirmed until a test can.",
      aborted:
        "This test decided nothing: it ended early, could not prove enough, or the account was changed while it ran.",
      finished: "The test came to no verdict. The account keeps its status.",
    },
    // For a test after which another test ran, or the account changed.
    outcomeThen: {
      confirmed: "The connection worked.",
      degraded: "The connection worked, but something that this account asked for did not.",
      failed: "The connection did not work.",
      openToOthers: "Others could have entered this account through its role.",
      finished: "The test came to no verdict. The account kept its status.",
    },
    trigger: { manual: "by a person", scheduled: "on schedule" },
    took: (time) => `took ${time}`,
    execution: "Execution",
    optional: "optional",
    predicted: "predicted",
    predictedText: "Not tried for real: the role's own policies say so.",
    someUnanswered: "Some calls had no answer: the next test may know more of the others.",
    waiting: "waiting",
    doneOf: (done, all) => plural(all, { other: `${number(done)} of #` }),
    allGood: (count) => plural(count, { one: "fine", other: "all # fine" }),
    goodOf: (good, all) => plural(all, { other: `${number(good)} of # fine` }),
    partly: (count) => plural(count, { other: ", # in part" }),
    exact: "The exact AWS answer",
    note: "More about it",
    skippedSteps: "Skipped.",
    // What these errors prove. Only an allowed caller receives them.
    proofs: {
      DryRunOperation: "AWS passed the permission check; it was a dry run, so nothing was done.",
      DBInstanceNotFound: "AWS passed the permission check; no such database exists, as intended.",
      DBClusterNotFound: "AWS passed the permission check; no such Aurora cluster exists, as intended.",
      NoSuchEntity: "AWS passed the permission check; no such policy exists, as intended.",
      other: "AWS passed the permission check before it answered with this error.",
    },
    foundAgain: (count) =>
      plural(count, {
        one: "# scheduled test since found the same verdicts,",
        other: "# scheduled tests since found the same verdicts, the last one",
      }),
    again: "Test again",
    whatChanged: "What changed",
    notEnded: "This test still runs. What changed is known once it has ended.",
    between: (time) => `up to the test of ${time}`,
    compareTwo: "Compare two tests",
    compareNeedsTwo: "Choose two different tests.",
    compare: "Compare",
    earlier: "Earlier test",
    later: "Later test",
    then: "then",
    notTested: "not tested",
    nothingChanged: (count) =>
      plural(count, { one: "Nothing: # verdict is the same.", other: "Nothing: all # verdicts are the same." }),
    unchanged: (count) =>
      plural(count, { one: "# other verdict is the same.", other: "# other verdicts are the same." }),
  },

  health: {
    title: (days) => plural(days, { other: "The connection in the last # days" }),
    connected: (share) => `Connected ${share}`,
    known: (days) => plural(days, { one: "of # day of known time.", other: "of # days of known time." }),
    lessThanADay: "of the known time, which is less than a day.",
    notCounted: "Time in which it was not there yet does not count.",
    nothing: "Nothing is known: no test of this time came to a verdict about a connection.",
    text:
      "As its tests found it. Between two tests the account counts as the earlier one found it, for 26 hours at " +
      "most. Nothing is said of other times.",
    cut: "There are more tests than this page reads. The time before the oldest one that it read is not shown.",
    states: {
      confirmed: "Connected",
      degraded: "Connected, but degraded",
      failed: "Not connected",
      notThereYet: "Not there yet",
      unknown: "Not known",
    },
    day: (date, state) => `${date}: ${state}`,
    today: "today",
    table: "The days in words",
    days: "Days",
    state: "Connection",
    count: "Number",
    breaks: "When it broke",
    noBreaks: "In the time of which something is known, no test found it worse than the one before.",
    until: "until",
    then: { degraded: ", then degraded" },
    open: "no test has found it better since",
    ended: (day) => `${day}, UTC`,
    revoked: "A person revoked its use.",
    endedByPerson: "A person revoked its use, or changed its role, regions or keys.",
    atFirst: "The oldest test that was read found it so.",
    change: (name, before, after) => `${name}: ${before} → ${after}`,
    more: (count) => plural(count, { other: "and # more" }),
    noneWorse:
      "No permission and no region is worse than before. What is under Cavok's control, or what this account wants, " +
      "has changed.",
  },

  map: {
    title: "Permissions by region",
    text: "Choose a cell, or move with the arrow keys and press Enter, to see on what it rests and what mends it.",
    of: "As found by the test of",
    then: "Another test followed, or the account has changed since. This is what was found then.",
    noTest: "No test has come to a verdict yet.",
    nothing: "This test tried no permission that has a region.",
    permission: "Permission",
    evidence: "On what it rests",
    cell: (permission, region, state) => `${permission}, ${region}: ${state}`,
    states: {
      proved: "proved",
      predicted: "predicted",
      partial: "in part",
      denied: "denied",
      refusedElsewhere: "refused elsewhere",
      unknown: "not known",
      none: "not tried",
    },
    means: {
      proved: "AWS allowed it there",
      predicted: "policies, or answers of other regions, say so",
      partial: "refused for some",
      denied: "refused",
      refusedElsewhere: "no answer that is named is about this region",
      unknown: "no answer decides it",
      none: "not needed, or not possible there",
    },
    whys: {
      tried: "The test tried it in this region.",
      named: (count) =>
        plural(count, {
          one: "The test names # of this region, and what AWS or the policies say of it.",
          other: "The test names # of this region, and what AWS or the policies say of them.",
        }),
      carriedFrom: (region) =>
        `Not tried here. It was tried in ${region}: a permission holds in every region, unless a policy names regions.`,
      carried: "Not tried here, but in other regions: a permission holds in every one, unless a policy names regions.",
      unnamed:
        "The test names at most 20 of what it asked about, and nothing of it in this region. It may have tried some " +
        "here.",
      refused: (by) => `AWS refuses every call in this region${by && `, ${by}`}.`,
      notEnabled: "The account has not enabled this region.",
      noAnswer: "It is not known whether this region answers.",
      listing: "Not tried here. A refusal in another region says nothing about this one.",
      notChosen: "This region is not one of the account's.",
      elsewhere: (region) => `Logs are written in ${region} alone.`,
    },
    fix: "Copy the fix",
    whole: "The whole policy as CloudFormation, Terraform and AWS CLI is under",
  },

  verdicts: {
    allowed: "allowed",
    partial: "allowed in part",
    denied: "denied",
    inconclusive: "not certain",
    skipped: "skipped",
  },

  trustSteps: {
    "trust:account-matches": {
      title: "It is the account with this number",
      verdicts: { allowed: "yes", denied: "no" },
    },
    "trust:without-external-id": {
      title: "Refused without the external ID",
      verdicts: { allowed: "open to others", denied: "refused, as it must be" },
    },
    "trust:with-wrong-external-id": {
      title: "Refused with a wrong external ID",
      verdicts: { allowed: "open to others", denied: "refused, as it must be" },
    },
  },

  permissionNames: {
    "sts:AssumeRole": "Enter the account",
    "iam:ListRolePolicies": "List the role's inline policies",
    "iam:ListAttachedRolePolicies": "List the role's attached policies",
    "iam:GetRolePolicy": "Read the role's inline policies",
    "ec2:DescribeInstances": "List instances",
    "ec2:DescribeInstanceStatus": "See the state of instances",
    "ec2:StartInstances": "Start instances",
    "ec2:StopInstances": "Stop instances",
    "rds:DescribeDBInstances": "List databases",
    "rds:StartDBInstance": "Start databases",
    "rds:StopDBInstance": "Stop databases",
    "rds:DescribeDBClusters": "List Aurora clusters",
    "rds:StartDBCluster": "Start Aurora clusters",
    "rds:StopDBCluster": "Stop Aurora clusters",
    "logs:CreateLogGroup": "Make the log group",
    "logs:TagResource": "Tag the log group",
    "logs:PutRetentionPolicy": "Keep logs for 14 days",
    "logs:CreateLogStream": "Make a log stream",
    "logs:PutLogEvents": "Write log lines",
    "kms:CreateGrant": "Let EC2 decrypt volumes",
  },

  // Texts for the API's reason codes.
  reasons: {
    identity_policy: "No policy of the role or user allows it.",
    explicit_deny: "A policy of the role or user denies it explicitly.",
    permissions_boundary: "The permissions boundary of the role or user does not allow it.",
    service_control_policy: "A service control policy of your AWS organization does not allow it.",
    resource_control_policy: "A resource control policy of your AWS organization does not allow it.",
    session_policy: "Cavok's own session policy does not allow it.",
    resource_policy: "A policy of the resource does not allow it.",
    vpc_endpoint_policy: "The policy of a VPC endpoint does not allow it.",
    unstated: "AWS refused it and does not say which policy is behind it.",
    role_not_assumable:
      "The role cannot be assumed: it does not exist, its trust policy does not name Cavok's account, or it " +
      "asks for another external ID. AWS does not say which.",
    credentials_rejected: "AWS does not accept this access key: it was deleted, deactivated or mistyped.",
    wrong_account: "These credentials belong to another account.",
    confused_deputy:
      "The role can be assumed without your organization's external ID. Anyone who knows its name could " +
      "make Cavok act on the account.",
    region_disabled: "This region is not enabled in the account.",
    not_provable: "AWS's answer proves neither that it is allowed nor that it is not.",
    error: "AWS could not answer now; this passes by itself.",
    not_entered: "Not tried: the account could not be entered.",
    not_applicable: "Does not apply to this access type.",
    not_askable:
      "No dry run can ask about it: AWS refuses the call for another reason, such as protection from being stopped.",
    write_logs_off: "Not tried: Write logs is No for this account.",
  },

  remedies: {
    role: "the role",
    user: "the IAM user",
    identity_policy: (action, who) => `Allow ${action} in the policy of ${who}.`,
    explicit_deny: (action) => `Find the policy statement with Effect Deny that covers ${action}, and narrow it.`,
    permissions_boundary: (action, who) => `Allow ${action} in the permissions boundary of ${who} as well.`,
    service_control_policy: (action) =>
      `Ask the administrators of your AWS organization to allow ${action} in the service control policy.`,
    resource_control_policy: (action) =>
      `Ask the administrators of your AWS organization to allow ${action} in the resource control policy.`,
    session_policy: () => "This is on Cavok's side; please tell us.",
    resource_policy: (action) => `Allow ${action} in the policy of the resource.`,
    vpc_endpoint_policy: (action) => `Allow ${action} in the policy of the VPC endpoint.`,
    unstated: (action, who) =>
      `Allow ${action} in the policy of ${who}. If it is there already, look for a deny in a boundary or in ` +
      "a policy of your AWS organization.",
    role_not_assumable: () =>
      "Deploy the role as the Instructions show it, with your organization's external ID, then test again.",
    credentials_rejected: () =>
      "Create a new access key for the IAM user, enter it under Rotate keys, then test again.",
    wrong_account: () => "Enter credentials of this account, or add the account that they belong to.",
    confused_deputy: () =>
      "Put the condition StringEquals sts:ExternalId with your external ID into the role's trust policy, as " +
      "the Instructions show it.",
  },

  instances: {
    title: "Instances",
    text: "What this account has in its regions. Each look at AWS counts as one interaction.",
    none: "No instances in the regions of this account.",
    noneListed: "No others in the regions of this account.",
    lacking: "The instance that you came for is not in this list.",
    notConnected: "This account is not connected, so its instances cannot be seen.",
    openToOthers: "This account is blocked for your safety, because its role lets others in.",
    revoked: "The use of this account is revoked, so its instances are not seen until a person tests it.",
    whatToDo: "See what to do",
    asOf: "As AWS said",
    refresh: "Refresh",
    takesLong: "This takes longer; refresh to look again.",
    unavailable: "Some could not be listed:",
    where: (kind, region) => `${kind} in ${region}`,
    kinds: { ec2: "EC2", rds: "RDS", aurora: "Aurora cluster" },
    start: "Start",
    stop: "Stop",
    startThis: (name) => `Start ${name}`,
    stopThis: (name) => `Stop ${name}`,
    notWhile: (name, state) => `${name} is ${state}: it can be started once it is stopped.`,
    stopText: "People who use it now are cut off.",
    stopDatabase: "AWS starts a stopped database again by itself after seven days; a schedule keeps it stopped.",
    accepted: { start: (name) => `${name} is starting.`, stop: (name) => `${name} is stopping.` },
    states: { starting: "starting", stopping: "stopping" },
  },

  schedules: {
    title: "Schedules",
    text: "Instances under Cavok's control, and when they run.",
    none: "No instance is under Cavok's control yet.",
    choose: "Choose one under",
    noSchedule: "Started and stopped by hand only.",
    lastTurn: "The last turn of its schedule:",
    schedule: "Schedule",
    scheduleThis: (name) => `Schedule ${name}`,
    change: "Change schedule",
    changeThis: (name) => `Change the schedule of ${name}`,
    remove: "Release",
    removeThis: (name) => `Release ${name}`,
    removeText: "Cavok no longer starts or stops it by itself. The instance stays as it is.",
    removeMeanwhile: "Somebody else changed this schedule in the meantime. Press again to release it all the same.",
    released: (name) => `${name} is released.`,
    zone: (zone) => `Times in ${zone}`,
    changedMeanwhile: "Somebody else changed this schedule in the meantime. Save again to set yours.",
    alwaysOn: (zone) => `Always on; looked at each midnight in ${zone}`,
    alwaysOff: (zone) => `Always off; looked at each midnight in ${zone}`,
    timeZone: "Time zone",
    windows: "Runs",
    windowNumber: (position) => `Window ${number(position)}`,
    addWindow: "Add a window",
    removeWindow: (position) => `Remove window ${number(position)}`,
    noWindow: "Without a window it is always off.",
    dayNeeded: "Choose at least one day, or remove the window.",
    startNeeded: "Enter the time to start.",
    stopNeeded: "Enter the time to stop.",
    tooMany: (count, most) => `This week has ${number(count)} windows, and a schedule ${number(most)} at most.`,
    on: "Start at",
    offAt: "Stop at",
    off: "off",
    saved: "The schedule is set.",
    outside: "It is running now, outside this schedule.",
    maybeOutside: "If it is running now, it runs outside this schedule.",
    lateOutside: (name) => `${name} is running now, outside its new schedule.`,
    lateMaybeOutside: (name) => `If ${name} is running now, it runs outside its new schedule.`,
    lookAtInstances: "See the instances",
    left: (name, why) => `${name} was left as it is. ${why}`,
    moved: "Its schedule has taken its turn, or was changed.",
    rested: "It does not run any more.",
    stopNow: "Stop now",
    leaveIt: (moment) => `Leave it until ${moment}`,
    moment: (day, time) => `${day} ${time}`,
    rests: {
      notConnected:
        "This account is not connected, so its schedules rest: nothing is started or stopped until a test proves it.",
      openToOthers:
        "This account is blocked for your safety, because its role lets others in. Its schedules rest until a test " +
        "finds the role closed.",
      revoked: "The use of this account is revoked, so its schedules rest until a person tests it.",
    },
    look: "See the week",
    next: { start: "Next start:", stop: "Next stop:" },
    then: { start: ", then start:", stop: ", then stop:" },
    yourTime: "(your time)",
    help:
      "The instance is started at the beginning of each window and stopped at its end. A window that ends " +
      "at or before its start runs into the next day. Changes of daylight saving time are followed.",
  },

  week: {
    label: "Hours of the week",
    help:
      "Drag over hours to turn them on, or over hours that are on to turn them off. With a keyboard, arrow keys " +
      "move, Space turns an hour on or off, and Shift with an arrow key paints on. Escape " +
      "takes back the last stroke. Minutes are set below.",
    cell: (day, from, to) => `${day}, ${from}–${to}`,
    inPart: (day, from, to) => `${day}, ${from}–${to}, in part`,
    on: (days, from, to) => `On: ${days}, ${from}–${to}`,
    off: (days, from, to) => `Off: ${days}, ${from}–${to}`,
    days: (first, last) => `${first} to ${last}`,
    takenBack: "Taken back.",
    noneToTakeBack: "There is nothing more to take back. Cancel closes this without saving.",
    now: (day, time) => `now ${day} ${time}`,
    unknownZone: "This browser does not know this time zone.",
    presetsLabel: "Ready-made weeks",
    isNow: (name) => `The week is now: ${name}.`,
    presets: { office: "Office hours", nights: "Nights off", off: "Always off" },
    ahead: (count) => plural(count, { other: "The next # days" }),
    day: "Day",
    starts: "Starts",
    stops: "Stops",
    none: "–",
    clocksChange: "the clocks change",
  },

  several: {
    action: "One week for several",
    title: "One week for several instances",
    submit: "Set this week",
    all: "Choose all",
    noneOfAll: "Choose none",
    chosen: (count, all) => `${number(count)} of ${number(all)} chosen`,
    needed: "Choose at least one instance.",
    waits: (set, time) =>
      `${set} Your organization has made as many changes as it may for now: this goes on at ${time}.`,
    has: "has a schedule",
    hasNone: "has no schedule",
    isSet: "Set.",
    set: (done, all) => plural(all, { other: `The week is set for ${number(done)} of # instances.` }),
    perhaps: (count) => plural(count, { other: "Perhaps # more: no answer came." }),
    again: "Press again for the others.",
    stopping: "Stops after this one",
    allSet: (count) =>
      plural(count, { one: "The week is set for # instance.", other: "The week is set for # instances." }),
  },

  newer: { text: "Show newer", said: "There are newer entries." },

  interactions: {
    title: "Interactions",
    text: "Every start, stop and listing, and every test by a person that ended with a verdict, newest first.",
    kept: "They are kept for 90 days.",
    none: "Nothing has happened with this account's instances in the last 90 days.",
    outcomes: { accepted: "Accepted.", refused: "Refused." },
    wanted: { start: "running", stop: "stopped" },
    results: {
      reached: (state) => `Then ${state}.`,
      notReached: (state, reason) =>
        `Did not follow${state ? `, was ${state}` : ""}: ${reason || "AWS gives no reason"}`,
      pending: (wanted) => `Waiting until it is ${wanted}…`,
      unknown: (wanted, reason) =>
        reason ? `Not known whether it followed: ${reason}` : `Nobody could see whether it is ${wanted}.`,
    },
    did: { start: "Start", stop: "Stop", list: "Listing", test: "Test" },
    logged: {
      written: "written to the account's logs",
      refused: "log writing refused",
      off: "logs off",
      pending: "log line on its way",
    },
  },

  audit: {
    title: "Audit trail",
    all: "All accounts",
    text: "Who did what to this account and its instances, newest first.",
    organizationText: "Who did what to which account or the webhook, newest first. Kept for one year by default.",
    open: "Open the audit trail",
    none: "No entry is kept.",
    seeTest: "See the test",
    seeInteractions: "See the interactions",
    seeOperation: "See what was done",
    from: (address) => `from ${address}`,
    fields: { access_key_id: "End of the access key's id", status: "Status", url_digest: "Digest of the address" },
    outcomes: { accepted: "Accepted", refused: "Refused" },
    actions: {
      created: "Created",
      changed: "Changed",
      credentials_rotated: "Credentials rotated",
      tested: "Tested",
      revoked: "Use revoked",
      invited: "Invitation made",
      invitation_withdrawn: "Invitation withdrawn",
      degraded: "Degraded",
      failed: "Failed",
      deleted: "Deleted",
      start_requested: "Start requested",
      stop_requested: "Stop requested",
      resource_added: "Resource added",
      resource_removed: "Resource removed",
      schedule_changed: "Schedule changed",
      webhook_set: "Webhook set",
      webhook_secret_rotated: "Webhook's signing secret renewed",
      webhook_tested: "Test message sent to the webhook",
      webhook_redelivered: "Message delivered to the webhook again",
      webhook_resumed: "Webhook resumed",
      webhook_removed: "Webhook removed",
      enrollment_created: "Enrollment added",
      enrollment_changed: "Enrollment changed",
      enrollment_synchronized: "Enrollment synchronized",
      enrollment_ended: "Enrollment ended",
      bulk_requested: "Many accounts at once",
      bulk_stopped: "Many accounts at once, stopped",
    },
  },

  actors: { schedule: "on schedule", system: "Cavok itself" },

  // What the schedules of all accounts do next.
  // A press that takes many requests.
  doubling: { stop: (count) => `Stop · ${number(count)} read` },

  turns: {
    title: "Schedules",
    text: (evening, morning) =>
      "The instances under Cavok's control in all accounts, and what their schedules start and stop next. Days and " +
      `times are those of each schedule's time zone. A night is from ${evening} to ${morning}.`,
    none: "Nothing to show: no instance under Cavok's control matches.",
    noneSoFar: "Nothing to show so far. There may be more.",
    lookAtMore: "Look at more instances",
    showRest: (count) => plural(count, { other: "Show # more" }),
    filters: {
      text: "What is shown",
      q: { label: "Search instances", hint: "Name, ID or account" },
      action: { label: "What happens", all: "Starts and stops" },
      kind: { label: "Kind", all: "All kinds" },
      region: { label: "Region", all: "All regions" },
    },
    chosen: "The list shows what you have chosen.",
    searched: (count) =>
      plural(count, {
        one: "Only # instance is searched so far.",
        other: "Only # instances are searched so far.",
      }),
    searchAll: "Search all",
    searchedAll: (count) => plural(count, { other: "All # instances are searched." }),
    oneAccount: (name) => `Schedules of ${name || "one account"} are shown.`,
    allAccounts: "Show all accounts",
    only: "Only this account",
    onlyThis: (name) => `Only this account: ${name}`,
    parts: {
      missed: () => "Missed",
      due: () => "Due now",
      tonight: () => "Tonight",
      comingNight: () => "The coming night",
      today: () => "Today",
      tomorrow: () => "Tomorrow",
      tomorrowNight: () => "Tomorrow night",
      day: (day) => day,
      night: (day) => `${day} night`,
      later: () => "Later",
      always: () => "Always on or off",
      none: () => "Without a schedule",
    },
    does: { start: "Starts", stop: "Stops" },
    keeps: { start: "Kept on:", stop: "Kept off:" },
    misses: { start: "Not started on time:", stop: "Not stopped on time:", "": "Not started or stopped on time:" },
    notTried:
      "Cavok did not do this within an hour of its time, and does not try again. Each schedule goes on with its next " +
      "start or stop.",
    start: (count) => plural(count, { one: "# starts", other: "# start" }),
    stop: (count) => plural(count, { one: "# stops", other: "# stop" }),
    soFar: (counts) => `${counts} so far`,
    loaded: (count) =>
      plural(count, { one: "Schedules of # instance are shown.", other: "Schedules of # instances are shown." }),
    rest: (count) =>
      plural(count, {
        one: "# rests, because its account is not connected",
        other: "# rest, because their accounts are not connected",
      }),
    rests: "not connected: nothing happens",
    inZone: (zone) => `in ${zone}`,
    inUnknownZone: (zone) => `in UTC: this browser does not know ${zone}`,
    others: (count) => plural(count, { one: "and # other", other: "and # others" }),
    noted: "The last turn was unusual: see the account.",
    lastTurn: (name, note) => `The last turn of ${name}: ${note}`,
  },

  organization: {
    title: "Organization",
    identity: "Identity",
    id: "Organization ID",
    externalId: "External ID",
    externalIdText:
      "Every role that lets Cavok in must ask for this external ID. It is known to both sides and is not a " +
      "secret; it never changes by itself.",
    trusted: "Cavok's AWS account",
    accounts: "Accounts",
    total: (count) => plural(count, { other: "# in all, without a limit." }),
    versions: "Role versions",
    versionsText:
      "Which version of the template your accounts' roles have. Tests read it in the roles' policies. An outdated " +
      "role works as before; the page of its account says what is new.",
    version: (version, outdated) => `Version ${version}, ${outdated ? "outdated" : "the newest"}`,
    versionUnknown: "Not known, or no role",
    quotas: "Quotas",
    quotasText: "Your organization's rate limits. Schedules and scheduled tests have no quota.",
    quotaNames: {
      requests: "Requests",
      tests: "Tests by hand",
      listings: "Listings of instances",
      starts_and_stops: "Starts and stops",
      webhook_tests: "Test messages",
      webhook_changes: "Changes of the webhook, and messages delivered again",
      new_accounts: "New accounts",
      changes: "Changes of accounts and schedules",
    },
    quota: (remaining, limit, time) => plural(limit, { other: `${number(remaining)} of # left ${time}` }),
    quotaTime: (seconds) =>
      seconds === 60 ? "this minute" : plural(seconds, { one: "this second", other: "these # seconds" }),
    quotaAtLeast: (limit, seconds) =>
      plural(seconds, {
        one: `at least ${number(limit)} a second`,
        other: seconds === 60 ? `at least ${number(limit)} a minute` : `at least ${number(limit)} in # seconds`,
      }),
    quotaAtMost: (limit, seconds) =>
      plural(seconds, {
        one: `at most ${number(limit)} a second`,
        other: seconds === 60 ? `at most ${number(limit)} a minute` : `at most ${number(limit)} in # seconds`,
      }),
    usage: "Usage this month",
    usageByMonth: "Usage by month",
    unused: "No account has been used this month.",
    deleted: "Deleted account",
    billable: (count) => plural(count, { other: "# billable" }),
    freeTier: (free) =>
      plural(free, {
        one: "Each account has its own free tier of # interaction a month.",
        other: "Each account has its own free tier of # interactions a month.",
      }),
  },

  webhook: {
    title: "Webhook",
    text:
      "Your own systems can receive messages when a connection changes or is used. Each message is signed " +
      "as the Standard Webhooks specification says.",
    none: "No webhook is set.",
    add: "Set a webhook",
    changeTitle: "Change the webhook",
    url: "Address",
    urlHelp: "An https address that the internet can reach.",
    urlNeeded: "Enter an address that starts with https://",
    events: "Events",
    eventTexts: {
      "Account Created": "An account was added.",
      "Account Confirmed": "An account became confirmed.",
      "Account Degraded": "An account became degraded.",
      "Account Failed": "An account became failed.",
      "Account Revoked": "A person revoked the use of an account.",
      "Account Deleted": "An account was disconnected.",
      "Verification Finished": "A test ended with a result.",
      "Instance Interaction": "An instance was started or stopped, instances were listed, or a person's test ended.",
      "Instance Did Not Follow": "An instance did not reach the state that was asked for.",
      "Usage Threshold Crossed": "An account used 80 or 100 % of its free interactions this month.",
    },
    allEvents: "All",
    eventsNeeded: "Choose at least one event.",
    changedMeanwhile: (url) => `Somebody else changed this: the address is ${url} now. Save again to set yours.`,
    removedMeanwhile: "Somebody else removed the webhook. Save again to set yours.",
    test: "Send a test message",
    rotate: "New signing secret",
    rotateTitle: "Make a new signing secret?",
    rotateText:
      "The secret that is replaced also signs for another 24 hours. Give your receiver the new one in that time.",
    perhapsRotated:
      "Perhaps a new secret was made, but it was not shown. Press again for another one: the secret that your " +
      "receiver has signs for 24 hours after it was replaced.",
    perhapsSet:
      "Perhaps the webhook is set all the same, but its signing secret was not shown. Save again to find out, or " +
      "close this: if the webhook is set, press New signing secret.",
    secretNotShown:
      "The webhook is set. Its signing secret was not shown here: that is done once, when a webhook is first set. " +
      "Unless somebody has kept it, make a new one.",
    paused:
      "Paused: your receiver failed again and again, so messages wait. One is tried from time to time. " +
      "Send a test message to try now.",
    resume: "Resume",
    resumed: "It is not paused any more.",
    deliveries: "Deliveries",
    noDeliveries: "No message was sent in the last seven days.",
    deliveryStatus: {
      delivered: "Delivered",
      waiting: "Failed, tried again",
      failed: "Given up",
      paused: "Not sent while paused",
    },
    tries: (count) => plural(count, { one: "# try", other: "# tries" }),
    took: (milliseconds) => `${number(milliseconds)} ms`,
    noAnswer: "no answer",
    nextTry: "next try",
    onItsWay: "On its way again",
    redeliver: "Deliver again",
    redeliverThis: (type, time) => `Deliver again: ${type}, ${time}`,
    remove: "Remove the webhook",
    removeText: "No more messages are sent, and its secret is gone.",
    removeMeanwhile: (url) => `Somebody else changed this: the address is ${url} now. Press again to remove it.`,
    secret: "signing secret",
    secretTitle: "The signing secret",
    secretText: "With it your receiver checks that a message comes from Cavok. It is shown this once; keep it now.",
    secretKept: "I have kept it",
  },

  access: {
    title: "Access Details",
    text:
      "Every permission that Cavok asks for in your AWS account, what it is for, and what stops working " +
      "without it. Only what is marked mandatory is needed to connect.",
    least:
      "Once an account is in use, its tab Least privilege shows the smallest policy that still works for " +
      "it. Choose one under",
    required: "mandatory",
    without: "Without it",
    resource: "On",
    policy: "The policy as a document",
    policyText: "For an inline policy of the role or user. Take out the groups that you do not want to grant.",
    choose: "Choose what to grant",
  },

  grants: {
    title: "Choose what to grant",
    text:
      "The documents below follow. To have your external ID in them, and a link that deploys them, come here from an " +
      "account's instructions.",
    forAccount: "The documents below follow, with your external ID, and so does the link that deploys them.",
    acts: "Start and stop them, too",
    states: { all: "granted", read_only: "granted without starting and stopping", none: "left out" },
    changed: (title, state) => `${title}: ${state}. The documents have changed.`,
    limited:
      "To leave something out is no problem: the account is confirmed all the same, and shows what it cannot do. It " +
      "is one only where an instance under Cavok's control needs it, or a test found it allowed before.",
    documents: "The documents for this choice",
    documentsText:
      "CloudFormation has all groups, and parameters that turn them on: so an update of the stack keeps your choice.",
    nothing: "This grants nothing but entering the account: there is no policy.",
    tabs: {
      "cavok-permissions.json": "Policy",
      "cavok-cloud.json": "CloudFormation",
      "cavok-cloud.tf": "Terraform",
      "cavok-cloud.sh": "AWS CLI",
    },
    deployNote: "Opens the AWS console in a new tab, with the parameters of this choice filled in.",
    back: "Back to the instructions of the account",
  },

  regionsField: {
    label: "Regions",
    chosen: "Chosen regions",
    remove: (region) => `Remove ${region}`,
    notARegion: (name) => `“${name}” is not the name of an AWS region, like eu-west-1.`,
    needed: "Name at least one region.",
  },
});

/** The texts of a permission group. A group without texts is shown by its code, made readable. */
export const groupText = (group) => t.groupTexts[group] ?? { title: readable(group), text: "" };
