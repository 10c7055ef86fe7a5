"""Writes what follows from the catalog of permissions: a version of what is granted, the customers'
templates, each new text under a new number, and the figures of docs/costs.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import partial
from importlib import reload
from pathlib import Path
from typing import Any

import yaml

from cavok.adapters.templates import FILES
from cavok.domain import template_versions
from cavok.domain.enrollment_templates import TEMPLATE_NAME, organization_template
from cavok.domain.instructions import HOLDERS, generic_template
from cavok.domain.permissions import GRANTED_GROUPS, GROUPS, OPTIONAL_GROUPS, PROBED_GROUPS
from cavok.domain.template_versions import VERSIONS_FILE
from cavok.services.sweep import PROVED, calls_of_a_test
from local.git import git
from local.settings import ROOT

PUBLISHED = ROOT / "tests" / "unit" / "domain" / "published_templates.json"
"""The SHA-256 of every text that was ever published, by name. What is committed never changes."""

GRANTED = ROOT / "tests" / "unit" / "domain" / "granted_by_version.json"
"""What each version of the template grants. What is committed never changes."""

COSTS = ROOT / "docs" / "costs.md"
PERFORMANCE = ROOT / "docs" / "performance.md"

MOST_CALLS = 120
"""A test of twenty regions makes fewer: a promise to customers, which is raised only on purpose.
Each service and each EC2 permission with a dry run takes twenty of them.
"""


TEMPLATES = (*HOLDERS.values(), TEMPLATE_NAME)
"""What the names of the published templates begin with."""


def template_text(name: str) -> str:
    """As YAML. What is there twice is written twice: CloudFormation is given no anchors."""
    makers = {holder: partial(generic_template, each) for each, holder in HOLDERS.items()}
    template = makers.get(name, organization_template)()
    plain: dict[str, Any] = json.loads(json.dumps(template))
    return str(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110))


def publish_templates() -> None:
    """Writes each text that is new under the next number, in place of the file before it. Links to
    that one still work: the bucket keeps what was published. A text that was not committed was not
    published, so that its number is used again.
    """
    published = committed(PUBLISHED)
    for holder in TEMPLATES:
        text = template_text(holder)
        digest = hashlib.sha256(text.encode()).hexdigest()
        names = [name for name in published if name.startswith(f"{holder}-v")]
        latest = names[-1] if names else ""
        name = latest if published.get(latest) == digest else f"{holder}-v{len(names) + 1}"
        published[name] = digest
        for file in FILES.glob(f"{holder}-v*.yaml"):
            file.unlink()
        (FILES / f"{name}.yaml").write_text(text)
    PUBLISHED.write_text(json.dumps(published, indent=2) + "\n")


def committed(file: Path) -> Any:
    """The file as the last commit has it; as it is where there is no such commit."""
    return json.loads(git(file.parent, "show", f"HEAD:./{file.name}") or file.read_text())


def granted() -> list[dict[str, Any]]:
    """The statements of all groups, without the Sids, which have the version."""
    groups = (*GRANTED_GROUPS, *OPTIONAL_GROUPS)
    return [{k: v for k, v in group.statement().items() if k != "Sid"} for group in groups]


def write_version() -> None:
    """Adds a version if the catalog grants something else than the last one that was committed,
    which customers have. One that was not committed is written again; its words stay, as somebody
    may have found better ones, unless it is about other actions.
    """
    grants, versions = committed(GRANTED), committed(VERSIONS_FILE)
    before, after = list(grants.values())[-1], granted()
    if after != before:
        grants[str(len(versions) + 1)] = after
        new = version_between(before, after)
        there = json.loads(VERSIONS_FILE.read_text())[len(versions) :]
        versions += [there[0] if there and there[0] | {"text": ""} == new | {"text": ""} else new]
    GRANTED.write_text(json.dumps(grants, indent=2) + "\n")
    VERSIONS_FILE.write_text(json.dumps(versions, indent=2, ensure_ascii=False) + "\n")


def version_between(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> dict[str, Any]:
    """What a version adds and removes, and why, in the words of the catalog. Without words if it
    adds no action: only a person can say why.
    """
    old, new = ([a for each in grants for a in each["Action"]] for grants in (before, after))
    adds = [action for action in new if action not in old]
    reasons = {each.action: each.why.rstrip(".") for group in GROUPS for each in group.permissions}
    text = "; ".join(reasons[action][0].lower() + reasons[action][1:] for action in adds)
    return {
        "text": f"{text[0].upper()}{text[1:]}." if text else "",
        "adds": adds,
        "removes": [action for action in old if action not in new],
    }


def measured_gb_seconds() -> dict[str, float]:
    """What a warm invocation of each function of a person's test takes, as `make bench` measured
    it: in the table of docs/performance.md.
    """
    text = PERFORMANCE.read_text()
    _, _, rest = text.partition("**Its functions, medians of their invocations**\n\n")
    table, _, _ = rest.partition("\n\n")
    rows = re.findall(r"^\| (\w+) \| (\d+) MB \|.*\| (\d+) ms \|$", table, re.MULTILINE)
    return {name: int(mb) / 1024 * int(ms) / 1000 for name, mb, ms in rows}


def cost_rows() -> dict[str, str]:
    """The rows of docs/costs.md that count probes, calls and what follows from them, by unit."""
    probes = sum(len(group.permissions) for group in PROBED_GROUPS)
    branches = probes + 1  # the log group
    states, progress = 6, branches + 3  # the trust steps and the log group take two units each
    in_the_test, webhook_events = branches + 5, 2
    following = webhook_events + 1  # the line
    scheduled = calls_of_a_test(["us-east-1"])
    fewest, most = 2, 4  # the slot's record, and the end's three, together or each alone
    one_each = measured_gb_seconds()
    gb_seconds = sum(one_each.values()) + (branches - 1) * one_each["ProbePermission"]
    cells = {
        "Step Functions state transitions": (
            states + branches,
            "none of its own: one a sweep",
            f"{states} states, and one for each of {probes} probes and for the log group",
        ),
        "Lambda invocations": (
            f"{in_the_test + fewest + following} to {in_the_test + most + following}",
            "1 a sweep, and less than 1 of PublishEvents",
            f"{in_the_test} in the test: the API's one, OpenSession, SurveyRegions, {probes} "
            "probes, the log group, WriteCustomerLog, RecordVerification. Then PublishEvents "
            f"{fewest} to {most}, DeliverWebhook {webhook_events}, with a webhook or without, and "
            "LogInteractions. Scheduled: SweepAccounts, which tests page after page",
        ),
        "Lambda GB-seconds": (
            f"about {round(gb_seconds)}",
            "[measured](performance.md#the-sweep)",
            "time and memory of the test's functions: [performance](performance.md). Most of it is "
            "waiting for AWS. Those behind the stream are left out",
        ),
        "DynamoDB write units": (
            progress + 24,
            "3",
            "taking the slot 6, counting it for the quota 2, and its audit entry 3; recording the "
            f"end 6; progress {progress}; its interaction 6, and 1 after its line is written. "
            "Scheduled: the account 1, its due time 2; weekly and on a change 7 in all. 2 to 6 "
            "more where the status changes",
        ),
        "KMS requests": (
            branches + 3,
            "none; with an access key, one Decrypt",
            f"one Encrypt, {branches + 2} Decrypt; with an access key, another Decrypt; with a "
            "webhook, one a message",
        ),
        "STS and the customer's API calls": (
            f"about {round(scheduled + PROVED, -1)}",
            f"about {round(scheduled, -1)}",
            f"free of charge; less than {MOST_CALLS} in twenty regions, or where it looks for "
            "instances in others. More if a role is narrowed to some instances: see below",
        ),
        "Events of our own bus": (
            webhook_events,
            "none",
            "`Verification Finished`, and `Instance Interaction` for the test itself. 1 more where "
            "the status changes, and where usage crosses a threshold. Scheduled: 1 if a webhook "
            "asks for it, or on a change",
        ),
        "SQS requests": (
            f"{2 + 2 * following} or {3 + 2 * following}",
            "none",
            "sending the events to the webhooks' queue 1 or 2, the bus's sending to that of lines "
            f"1; receiving and deleting {following} messages {2 * following}",
        ),
    }
    return {unit: f"| {unit} | {' | '.join(map(str, row))} |" for unit, row in cells.items()}


def write_costs() -> None:
    text = COSTS.read_text()
    for unit, row in cost_rows().items():
        text = re.sub(rf"^\| {unit} \|.*$", row, text, flags=re.MULTILINE)
    COSTS.write_text(text)


if __name__ == "__main__":
    write_version()
    reload(template_versions)  # the templates have its number
    publish_templates()
    write_costs()
