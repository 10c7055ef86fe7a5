// What a test says about each permission in each region. A test has one verdict for each permission, and names some of
// the resources that it asked about. This module decides what follows from both for one region.

/** In the order of the legend. "none": not tried, or not needed there. */
export const STATES = ["proved", "predicted", "partial", "denied", "refusedElsewhere", "unknown", "none"];

// Logs are written where Cavok is, whatever the account's regions are.
const OF_ONE_REGION = "logs";
// A listing that is refused in one region says nothing about others. Any other permission is probed in one region,
// because it holds in all: `_refused_as_a_whole` in domain/issues.py.
const isListing = ({ step }) => step.includes(":Describe");

/**
 * @typedef {{region: string, state: string, why: string, named: any[]}} Cell
 * `why`: what its state is based on. `named`: verdicts on resources of this region.
 */

/**
 * The rows and columns of a test. Groups without a region, such as entering the account, are left out.
 * @param {any} test @param {{capabilities: any, regions?: string[]}} account
 * @returns {{regions: {region: string, status: string, reason: string | null}[],
 *   groups: {group: string, rows: {step: any, cells: Cell[]}[]}[]}} `status` of a region that no test looked into:
 *   "unknown", and of one that is none of the account's: "other"
 */
export function mapOf(test, account) {
  const health = test.region_health ?? [];
  const own = health.length
    ? health
    : (account.regions ?? []).map((region) => ({ region, status: "unknown", reason: null }));
  const steps = test.steps.filter(({ group }) => group in (account.capabilities ?? {}));
  const known = new Set(own.map(({ region }) => region));
  const others = [...new Set(steps.map(({ region }) => region))].filter((region) => region && !known.has(region));
  const regions = [...own, ...others.map((region) => ({ region, status: "other", reason: null }))];
  const groups = [...new Set(steps.map(({ group }) => group))].map((group) => ({
    group,
    rows: steps
      .filter((step) => step.group === group)
      .map((step) => ({ step, cells: regions.map((region) => cellOf(step, region)) })),
  }));
  return { regions, groups };
}

/** @returns {Cell} */
function cellOf(step, { region, status }) {
  const named = (step.resources?.examples ?? []).filter((each) => each.region === region);
  const [state, why] = judged(step, region, status, named);
  return { region, state, why, named };
}

function judged(step, region, status, named) {
  const isAnswer = step.region === region && !step.resources?.asked;
  const answer = isAnswer ? ofAnswer(step) : "unknown";
  if (step.verdict === "skipped") return ["none", "skipped"];
  if (step.group === OF_ONE_REGION && step.region !== region) return ["none", "elsewhere"];
  if (named.length) return [ofNamed(step, named), "named"];
  // A region counts as refused by its listings. This answer of AWS is about the permission itself.
  if (step.evidence === "live" && answer !== "unknown") return [answer, "tried"];
  if (status === "refused") return ["denied", "refused"];
  if (status === "not_enabled") return ["none", "notEnabled"];
  if (isAnswer) return [answer, step.evidence === "policy" ? "policy" : "tried"];
  if (status === "other") return ["none", "notChosen"];
  if (status !== "reachable") return ["unknown", "noAnswer"];
  if (step.verdict === "denied" && isListing(step)) return ["unknown", "listing"];
  return [CARRIED[step.verdict] ?? "unknown", namesAll(step) ? "carried" : "unnamed"];
}

// What an answer elsewhere means here. A policy may name regions, so a refusal there proves none here.
const CARRIED = { allowed: "predicted", denied: "refusedElsewhere" };

// Whether the test names each resource that it asked about. If not, some may be in any region.
const namesAll = ({ resources }) =>
  (resources?.asked ?? 0) <= (resources?.examples ?? []).filter(({ verdict }) => verdict !== "skipped").length;

// A success that only the role's policies show is a prediction.
const ofAnswer = ({ verdict, evidence }) =>
  ({ allowed: evidence === "live" ? "proved" : "predicted", partial: "partial", denied: "denied" })[verdict] ??
  "unknown";

// The test names only some resources. The others may be in this region too.
function ofNamed(step, named) {
  const { asked, allowed, denied, examples } = step.resources;
  const count = (list, verdict) => list.filter((each) => each.verdict === verdict).length;
  const isOpen = ({ verdict }) => verdict !== "allowed" && verdict !== "denied";
  const hidden = { allowed: allowed - count(examples, "allowed"), denied: denied - count(examples, "denied") };
  const open = asked - allowed - denied - count(examples, "inconclusive") + named.filter(isOpen).length;
  const [here, refused] = [count(named, "allowed"), count(named, "denied")];
  if (refused) return here || hidden.allowed || open ? "partial" : "denied";
  if (!here || hidden.denied || open) return "unknown";
  return ofAnswer({ ...step, verdict: "allowed" });
}

// What a cell rests on is what AWS says of the whole region, and not of the permission.
const OF_REGION = { refused: "region_refused", notEnabled: "region_not_enabled", noAnswer: "", notChosen: "" };

/** Whether a cell rests on the step: what was found in another region says nothing of one in which no call works. */
export const restsOn = (step, { region, why }) => !(why in OF_REGION) || step.region === region;

/** What to do about a region in which nothing can be used, as an issue of the account says. Empty if none does. */
export function regionRemedy({ region, why }, issues) {
  const isOf = ({ code, message }) => code === OF_REGION[why] && message.split(/[^\w-]+/).includes(region);
  return issues.find(isOf)?.remedy ?? "";
}

// Refusals that one more statement in the policy of the role or user ends: `_NOT_GRANTED` in domain/fixes.py.
const NOT_GRANTED = ["identity_policy", "unstated"];
const MENDED = ["partial", "denied", "refusedElsewhere"];

/**
 * What to copy to mend a cell: the API's fix for it, or else the catalog's statement for its permission. Null if
 * nothing is refused, or if a person must decide what to change and no page of the console shows it.
 * @param {any} step @param {Cell} cell @param {any[]} issues the account's @param {any} policy the catalog's document
 * @returns {any} as an issue's fix
 */
export function fixFor(step, { region, state, why, named }, issues, policy) {
  const fixes = issues.map(({ fix }) => fix).filter(Boolean);
  if (why === "notEnabled") return enabling(region, fixes);
  if (!MENDED.includes(state) || why === "refused") return null;
  const refused = named.filter(({ verdict }) => verdict === "denied");
  const fix = issues.find((each) => mends(each, step, region, refused))?.fix;
  if (fix) return fix;
  const reasons = (refused.length ? refused : [step]).map(({ reason }) => reason);
  const isGranted = reasons.some((reason) => !NOT_GRANTED.includes(reason));
  // If not all is refused, somebody may have narrowed the policy on purpose: a wider statement is no fix.
  if (state === "partial" || step.verdict !== "denied" || isGranted) return null;
  const statement = policy?.Statement?.find(({ Action: actions }) => [actions].flat().includes(step.step));
  // Its name is the group's, which has more permissions.
  if (!statement) return null;
  // One stack makes all of the role.
  const { stack_url } = fixes.find((each) => each.stack_url) ?? {};
  return { policy_statement: { ...statement, Sid: undefined, Action: step.step }, stack_url };
}

// The API's command has a line for each region that is not enabled.
function enabling(region, fixes) {
  const linesOf = ({ cli }) => (cli ?? "").split("\n").filter((line) => line.split(/\s+/).includes(region));
  const fix = fixes.find((each) => linesOf(each).length);
  return fix ? { ...fix, cli: linesOf(fix).join("\n") } : null;
}

// Whether the statement of an issue's fix allows this action in this region. Of resources that are refused here by
// their names, it must allow one. A fix that is a page of the console alone is for what no statement ends.
function mends({ message, fix }, { step: action, reason }, region, refused) {
  const isNotGranted = (each) => NOT_GRANTED.includes(each.reason);
  if (!fix?.policy_statement)
    return (
      Boolean(fix?.console_url && !fix.cli && message.split(/[\s,]+/).includes(action)) &&
      !(refused.length ? refused : [{ reason }]).every(isNotGranted)
    );
  const { Action: actions, Resource: resources = "*" } = parsed(fix.policy_statement);
  const names = ["*", ...refused.filter(isNotGranted).map(({ id }) => id)];
  const isHere = (arn) => ["", "*", region].includes(arn.split(":")[3] ?? "");
  const isRefused = (arn) => !refused.length || (names.length > 1 && names.includes(arn.split(/[:/]/).at(-1)));
  return [actions].flat().includes(action) && [resources].flat().some((arn) => isHere(arn) && isRefused(arn));
}

function parsed(statement) {
  try {
    return (typeof statement === "string" ? JSON.parse(statement) : statement) ?? {};
  } catch {
    return {};
  }
}
