// The texts of the frame, the sign-in and the list. A text with values is a function. The texts of all other views are
// in views/texts.js, which loads with the first of them.
export const LANGUAGE = "en";
const RULES = new Intl.PluralRules(LANGUAGE);

// Dates and numbers follow the reader's locale. A browser may report an invalid locale, such as "en-US@posix": then its
// own default applies.
export const LOCALE = localeOf(navigator.language);

function localeOf(said) {
  try {
    return new Intl.Locale(said).toString();
  } catch {
    return new Intl.NumberFormat().resolvedOptions().locale;
  }
}

export const number = new Intl.NumberFormat(LOCALE).format;

// The word for a value of the API. A newer API may send a value without a word here: it is shown as it is.
export const wordOf = (words, value) => words[value] ?? value;

// The name of a permission group without texts: "cold_storage" becomes "Cold storage".
export const readable = (code) => code[0].toUpperCase() + code.slice(1).replaceAll("_", " ");

// The form of a text that fits a number, by the language's own plural rules. # stands for the number.
export const plural = (count, forms) => (forms[RULES.select(count)] ?? forms.other).replace("#", number(count));

const texts = {
  yes: "Yes",
  no: "No",

  nav: {
    product: "Cavok",
    label: "Admin",
    admin: "Admin",
    accounts: "Cloud Accounts",
    schedules: "Schedules",
    problems: "Problems",
    organization: "Organization",
    enrollments: "AWS Organizations",
    access: "Access Details",
    skip: "Skip to the content",
    notices: "Notices",
    jump: "Go to…",
    shortcut: (isApple) => (isApple ? "⌘K" : "Ctrl+K"),
  },

  roles: { admin: "Admin", viewer: "Viewer", operator: "Operator" },

  theme: {
    system: "the system's colours",
    light: "light",
    dark: "dark",
    switchTo: (now, next) => `Theme: ${now}. Switch to ${next}`,
    isNow: (now) => `Theme: ${now}`,
  },

  viewer: {
    banner:
      "You are signed in as a viewer: you see everything here and can change nothing. An admin of your " +
      "organization can.",
    why: "You are a viewer. Only an admin of your organization can do this.",
    noOrganization: "Your user belongs to no organization yet. Ask your administrator to add you to one.",
  },

  signIn: {
    title: "Sign in",
    text: "Connect your AWS accounts and see what each connection can do.",
    returning: "Sign in to go on where you were.",
    ended: "Your session has ended.",
    endsSoon: (time) => `Your session ends at ${time}. Save what you have typed before then.`,
    email: "Email",
    password: "Password",
    setUp: "Set up an authenticator app",
    action: "Sign in",
    hosted: "Continue to sign-in",
    signOut: "Sign out",
    openPage: "What Cavok asks for is public:",
    emailNeeded: "Enter your email address.",
    passwordNeeded: "Enter your password.",
    refused: "The sign-in was refused.",
    wrong: "Email or password is wrong.",
    noStorage: "This browser lets the page store nothing, which the sign-in needs. Allow it here, then try again.",
    failed: "Signing in did not work",
    stateMismatch: "This sign-in was not started from this tab. Please try again.",
    challenge: (name) => `This user must finish another step first (${name}). Ask your administrator.`,
    errors: {
      UserNotFoundException: "Email or password is wrong.",
      PasswordResetRequiredException: "This password must be reset first. Ask your administrator.",
      UserNotConfirmedException: "This user is not confirmed yet. Ask your administrator.",
      TooManyRequestsException: "Too many attempts. Wait a minute and try again.",
      InternalErrorException: "The sign-in does not work at the moment. Try again in a minute.",
    },
  },

  status: {
    unconfirmed: "Unconfirmed",
    confirmed: "Confirmed",
    degraded: "Degraded",
    failed: "Failed",
    testing: "Testing…",
  },

  // The short names of permission groups.
  groups: {
    trust: "Trust",
    checking: "Checking",
    ec2: "EC2",
    rds: "RDS",
    logs: "Logs",
    encrypted_volumes: "Encrypted volumes",
  },

  capabilities: {
    label: "What is possible",
    sentence: (group, state) => `${group}: ${state}`,
    full: "full",
    partial: "partly",
    none: "not possible",
    unknown: "not known yet",
    off: "switched off",
    blocked: "not used",
  },

  accessTypes: { assume_role: "Assume Role", access_key: "Access Key" },

  spark: {
    label: (days, counts) => plural(days, { other: `The last # days: ${counts.join(", ")}` }),
    count: (status, days) => `${status} ${number(days)}`,
  },

  list: {
    title: "Cloud Accounts",
    newAccount: "New Account",
    addMany: "Add many",
    chosenNoMore: "No account is chosen any more.",
    columns: {
      name: "Name",
      status: "Status",
      account: "Account, access",
      capabilities: "Possible",
      tested: "Last tested",
      next: "Next step",
      test: "Test",
    },
    chooseColumns: "Columns",
    search: "Search by name or account number",
    searchHint: "Word of a name, or number…",
    filter: "Show by status",
    version: "Role version",
    ofVersion: (version, count) =>
      version ? `Version ${version}${count === undefined ? "" : ` · ${number(count)}`}` : "All role versions",
    all: "All",
    sortAndFilter: "Sort, filter, export",
    filtersSet: (count) => ` · ${number(count)}`,
    loading: "Loading accounts…",
    arrived: (count) => plural(count, { one: "# new account", other: "# new accounts" }),
    arrivedHere: (count) => plural(count, { one: "# more account fits", other: "# more accounts fit" }),
    showArrived: "Show",
    problems: (count) => plural(count, { one: "# problem", other: "# problems" }),
    shown: (count) => plural(count, { one: "# account", other: "# accounts" }),
    shownSoFar: (count) =>
      plural(count, {
        one: "# account so far; more as you scroll",
        other: "# accounts so far; more as you scroll",
      }),
    soFar: (count) =>
      plural(count, {
        one: "# account so far",
        other: "# accounts so far",
      }),
    notAll: "Not all were looked at yet.",
    stopLooking: "Stop",
    lookOn: "Look at more",
    nothingFound: "No account matches",
    nothingFoundText: "The search looks at where words of names, and account numbers, begin.",
    clear: "Show all accounts",
    unknownFilters: (names) => `Filters of the address that are unknown or doubled are left out: ${names}.`,
    empty: {
      title: "No accounts yet",
      text: "Add the first AWS account of your organization. There is no limit, and each has its own free tier.",
    },
    added: (name) => `${name} was added.`,
    wasAdded: "was added.",
    nextStep: {
      assume_role: "Next step:",
      access_key: "Next step: press the Test icon in its row. What the IAM user needs is under",
    },
    instructions: "Instructions",
    whatIsWrong: "See why",
    seeWhy: ", see why",
    none: "–",
    isNow: (name, status) => `${name} is now: ${status}.`,
    haveChanged: (count, counts) => `${number(count)} accounts have changed: ${counts.join(", ")}.`,
    testLabel: (name) => `Test ${name}`,
    begun: (name) => `A test of ${name} has begun.`,
    showIt: "Show it",
    changedMeanwhile: "No test was started: the account has changed in the meantime. Press Test again.",
    revokedMeanwhile:
      "No test was started: the account is revoked, and has changed in the meantime. Press Test again to use it.",
    notStarted: "No test was started: the service cannot be reached. Check your network, then press Test again.",
    perhapsStarted:
      "The service cannot be reached, so perhaps no test was started. Check your network, then press Test again: " +
      "a test that runs already is shown.",
    choose: (name) => `Choose ${name}`,
    chooseShown: "Choose all accounts that are loaded",
    testHint: "Test the connection now",
    testedCaption: "Tested ",
  },

  forms: {
    optional: "(optional)",
    typedSince: "What you have changed since you pressed is not saved yet. Press again to save it.",
  },

  actions: {
    retry: "Try again",
    dismiss: "Dismiss",
    close: "Close",
    cancel: "Cancel",
    save: "Save",
    add: "Add",
    change: "Change",
    rename: "Rename",
    removeThis: "Remove",
    copied: "Copied",
    copyRefused: "The browser did not allow copying. Select the text instead.",
    copy: "Copy",
    copyThis: (what) => `Copy: ${what}`,
    download: "Download",
    downloadThis: (name) => `Download ${name}`,
    showMore: "Show more",
  },

  time: {
    never: "never",
    justNow: "just now",
    soon: "in a moment",
    due: "due now",
    live: "Live",
    late: (time) => `Last updated ${time}`,
    incomplete: (time) => `Incomplete. Last updated ${time}`,
    offline: (time) => `Offline. Last updated ${time}`,
    isLive: "Up to date again.",
    milliseconds: (value) => `${number(value)} ms`,
    seconds: (value) => `${value} s`,
  },

  problems: {
    byStatus: (status) =>
      ({
        400: "The request was not understood",
        401: "You are not signed in",
        403: "You may not do this",
        404: "The service cannot be found",
        409: "This conflicts with something that exists",
        429: "Too many requests at once",
        504: "The service did not answer in time",
      })[status] ?? (status >= 500 ? "The service has a problem" : `The service answered ${status}`),
    network: "The service cannot be reached",
    networkDetail: "Check your network. Nothing was lost.",
    checkNetwork: "Check your network.",
    offline: "You are offline. This is loaded again once the network is back.",
    perhapsDone: "Perhaps it was done all the same: look before you press again.",
    timeout: "The service did not answer in time",
    timeoutDetail: (seconds) =>
      plural(seconds, { one: "No answer came within # second.", other: "No answer came within # seconds." }),
    waitAMoment: "Try again in a moment.",
    waitUntil: (time) => `Try again after ${time}.`,
    unexpected: "Something unexpected happened",
    reference: (id) => `Reference for support: ${id}`,
    slow: "This takes longer than usual. Still waiting for the service…",
    start: "The page cannot start",
    view: "This part of the page could not be loaded",
    viewDetail: "The network failed, or a new version has been installed. Reload the page.",
  },

  notFound: {
    title: "There is no such page",
    text: "The address may be old or mistyped.",
    back: "Back to Cloud Accounts",
  },
};

// Tables indexed by values of the API. A missing entry is allowed there.
const OPEN_TABLES = new Set([
  "signIn.errors",
  "capabilities",
  "status",
  "providers",
  "accessTypes",
  "groups",
  "list.nextStep",
  "list.columns",
]);

const OPEN_WITHIN = /^(trustSteps|account\.possible)\./;

// A mistyped name is a console error, which fails the tests.
function strict(table, path) {
  return new Proxy(table, {
    get(target, name) {
      const value = target[name];
      const here = path ? `${path}.${String(name)}` : String(name);
      if (value === undefined && typeof name === "string" && !OPEN_TABLES.has(path) && !OPEN_WITHIN.test(path))
        console.error(`no text: ${here}`);
      const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
      return isTable ? strict(value, here) : value;
    },
  });
}

export const t = strict(texts, "");

// Joins these texts and those of the other views, with their open tables.
export function withTexts(openTables, more) {
  for (const path of openTables) OPEN_TABLES.add(path);
  return strict({ ...texts, ...more }, "");
}
