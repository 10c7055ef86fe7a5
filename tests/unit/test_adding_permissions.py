"""A permission is added in two edits, an entry in the catalog and a probe, and one command,
`make catalog`. So is a group.

Each test makes them in a copy, as docs/architecture.md says, and looks at what the copy then does.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cavok.domain.enrollments import FEATURES
from cavok.domain.permissions import CAPABILITY_GROUPS
from cavok.domain.template_versions import current
from local.settings import ROOT
from tests.support.copied_code import add, added, copied, edit, run
from tests.support.customer_templates import granted_by

GROUP = """\
CACHES = PermissionGroup(
    group="caches",
    title="Caches",
    why="Cavok lists your caches. May be left out if you do not use them with Cavok.",
    permissions=(
        Permission("elasticache:DescribeCacheClusters", "Lists caches."),
        Permission("elasticache:RebootCacheCluster", "Restarts a cache."),
    ),
)
"""
OPTIONAL = """\
DEEP_SLEEP = PermissionGroup(
    group="deep_sleep",
    title="Deep sleep",
    why="Optional.",
    proven_by=ProvenBy.USE,
    operational=False,
    needs_role=True,
    permissions=(Permission("ec2:ModifyInstanceAttribute", "Lets instances sleep."),),
)
"""
CHECKING_MORE = GROUP.replace("CACHES", "CHECKING_MORE").replace(
    "    permissions=(", "    operational=False,\n    permissions=("
)
LOOKING = GROUP.replace(
    '        Permission("elasticache:RebootCacheCluster", "Restarts a cache."),\n', ""
)
REBOOT = "ec2:RebootInstances"
STOP = '        Permission("ec2:StopInstances", "Stops an instance on request or on schedule."),\n'
STOP_CLUSTER = (
    '        Permission("rds:StopDBCluster", "Stops an Aurora cluster.", _ABSENT_CLUSTER),\n'
)
LOOK = """
import json
from dataclasses import replace
from datetime import UTC, datetime

from cavok.adapters.customer import probes
from cavok.api.examples import EXAMPLES
from cavok.api.growing import NAMES
from cavok.api.models.accounts import AccountBody
from cavok.api.models.permissions import PermissionsBody
from cavok.domain import instructions, permissions, session_policies
from cavok.domain.accounts import AccessType, Account
from cavok.domain.enrollments import FEATURES, features_of
from cavok.domain.issues import find_issues
from cavok.domain.steps import ALLOWED, REFUSALS_WANTED, Judgement, Step, Verdict
from cavok.domain.verifications import capabilities
from cavok.services.enter_for_verification import probes_of

now = datetime(2026, 1, 1, tzinfo=UTC)
account = Account(
    organization_id="northwind",
    account_id="01JN8Q5M3C0000000000000000",
    provider="aws",
    account_number="123456789012",
    name="Production1",
    access_type=AccessType.ASSUME_ROLE,
    role_name="CavokCloud",
    access_key_id_ending=None,
    write_logs=True,
    regions=("us-east-1",),
    next_verification_at=now,
    created_at=now,
    created_by="ada@example.com",
    updated_at=now,
    touched_at=now,
)
user = replace(
    account, access_type=AccessType.ACCESS_KEY, role_name=None, access_key_id_ending="CRET"
)
trust = instructions.Trust(trusted_account_id="000000000000", external_id="cavok-x")
denied = Judgement(verdict=Verdict.DENIED)
refused = {"elasticache:RebootCacheCluster", *REFUSALS_WANTED}
steps = [
    Step.of(step, denied if step in refused else ALLOWED, started_at=now)
    for step in permissions.STEPS
]
print(
    json.dumps(
        {
            "access_details": PermissionsBody.of_catalog().model_dump(mode="json"),
            "policy": permissions.policy_document(),
            "session_policy": session_policies.probing_policy(),
            "cloudformation": json.loads(instructions.cloudformation_template(account, trust)),
            "terraform": instructions.terraform(account, trust),
            "cli": instructions.cli(account, trust),
            "for_a_user": [
                instructions.cloudformation_template(user, trust),
                instructions.terraform(user, trust),
                instructions.cli(user, trust),
            ],
            "steps": permissions.STEPS,
            "probes": probes_of(account),
            "probed": sorted(probes.PROBES),
            "listing": AccountBody.of(
                replace(account, capabilities=capabilities(steps)),
                provider_id=account.account_number,
                access_key_id=None,
                testing=False,
            ).model_dump(mode="json"),
            "outcome": find_issues(account, steps)[0],
            "issues": [issue.message for issue in find_issues(account, steps)[1]],
            "groups_of_a_step": list(NAMES["PermissionGroup"].names),
            "example": EXAMPLES["AccountBody"],
            "features": FEATURES,
            "usual_features": features_of(None, write_logs=True),
        }
    )
)
"""
ACTIONS = ["elasticache:DescribeCacheClusters", "elasticache:RebootCacheCluster"]
READS = {
    "ec2:GetEbsEncryptionByDefault": (
        'lambda account: account.session.client("ec2").get_ebs_encryption_by_default() and None'
    ),
    "rds:DescribeDBSnapshots": (
        'lambda account: account.session.client("rds").describe_db_snapshots() and None'
    ),
    "elasticache:DescribeCacheClusters": (
        'lambda account: account.session.client("elasticache").describe_cache_clusters() and None'
    ),
}
CATALOG = re.compile(
    r"cavok\.domain(\.| import .*)permissions|cavok\.adapters\.customer(\.| import .*)probes"
    r"|actions_of|cost_rows"
)
"""What a test names that reads the catalog or the probes."""

LONG = (
    "test_access_denied.py",
    "test_consistency.py",
    "test_leanness.py",
    "test_policy_decisions.py",
)
"""Many random policies and steps, or many processes, for what no further permission changes."""


def reading_the_catalog(copy: Path) -> list[str]:
    """The unit tests that do, others that read what is made from it, and the probes on moto."""
    unit = sorted((copy / "tests/unit").rglob("test_*.py"))
    return [
        *(
            str(path.relative_to(copy))
            for path in unit
            if CATALOG.search(path.read_text())
            and path.name not in LONG
            and not path.name.startswith("test_adding_")
        ),
        "tests/unit/domain/test_instructions_word_for_word.py",
        "tests/unit/domain/test_published_templates.py",
        "tests/integration/test_probes.py",
        "tests/integration/test_sample_customers.py",
        "tests/unit/test_build_layer.py::test_the_services_are_those_of_which_the_code_makes_clients",
    ]


SLOW = "cfn_lint or covers_every_resource or grant_the_same_policy"
HARMLESS = dict.fromkeys(ACTIONS, "lambda account: None")


def look(layer: Path, *edits: tuple[str, str], probes: dict[str, str]) -> dict[str, Any]:
    """What a copy of the layer does with these edits of the catalog and a probe an action."""
    shutil.copytree(ROOT / "layers" / "shared" / "cavok", layer / "cavok")
    add(layer, *edits, probes=probes)
    file = layer / "cavok/domain/template_versions.json"
    version = {"text": "Cavok can do more.", "adds": list(probes), "removes": []}
    file.write_text(json.dumps([*json.loads(file.read_text()), version]))
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        env={"PYTHONPATH": str(layer), "AWS_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_no_other_edit_is_needed(tmp_path: Path) -> None:
    """What is in the way of a permission, and of a group, fails in the copy: a list in a test, a
    text that the catalog does not give, a template under an old number. RDS has more permissions to
    probe than a scheduled test probes at once.
    """
    copy = copied(tmp_path)
    edits = [
        (line, f'{line}        Permission("{action}", "{why}"),\n')
        for line, action, why in (
            (STOP, "ec2:GetEbsEncryptionByDefault", "Reads whether volumes are encrypted."),
            (STOP_CLUSTER, "rds:DescribeDBSnapshots", "Lists snapshots."),
        )
    ]
    add(copy / "layers/shared", *edits, added("CACHES", LOOKING), probes=READS)
    budget = "<= MOST_TRANSITIONS"  # of the catalog itself: these come on top
    edit(copy / "tests/unit/test_costs.py", budget, f"{budget} + {2 * len(READS)}")
    edit(copy / "template.yaml", "MinValue: 5, MaxValue: 40", "MinValue: 6, MaxValue: 40")
    names = {path.name for path in (copy / "layers/shared/cavok/templates").iterdir()}

    for module in ("local.catalog", "tests.unit.domain.test_instructions_word_for_word"):
        run(copy, module)

    versions = json.loads((copy / "layers/shared/cavok/domain/template_versions.json").read_text())
    assert versions[current() :] == [
        {
            "text": "Reads whether volumes are encrypted; lists snapshots; lists caches.",
            "adds": [*READS],
            "removes": [],
        }
    ]
    assert names.isdisjoint(
        path.name for path in (copy / "layers/shared/cavok/templates").iterdir()
    )
    chosen = ("-k", f"not ({SLOW})", *reading_the_catalog(copy))
    run(copy, "pytest", "-q", "-p", "no:cacheprovider", *chosen)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A copy with a group more."""
    return look(tmp_path_factory.mktemp("layer"), added("CACHES", GROUP), probes=HARMLESS)


def test_a_permission_of_a_group_that_exists_is_granted_and_probed(tmp_path: Path) -> None:
    entry = f'        Permission("{REBOOT}", "Restarts an instance."),\n'

    seen = look(tmp_path, (STOP, STOP + entry), probes={REBOOT: 'dry_run="reboot_instances"'})

    assert REBOOT in seen["steps"]
    assert REBOOT in seen["probes"]
    assert REBOOT in seen["terraform"]
    for policy in (seen["policy"], seen["session_policy"]):
        assert REBOOT in [action for s in policy["Statement"] for action in s["Action"]]


def test_it_is_in_access_details(seen: dict[str, Any]) -> None:
    groups = {group["group"]: group for group in seen["access_details"]["groups"]}

    assert [action["action"] for action in groups["caches"]["actions"]] == ACTIONS
    assert not groups["caches"]["required"]


def test_every_policy_grants_it(seen: dict[str, Any]) -> None:
    granting = [s for s in seen["policy"]["Statement"] if s["Sid"].startswith("CavokCachesV")]

    assert [statement["Action"] for statement in granting] == [ACTIONS]
    assert seen["access_details"]["policy_document"] == seen["policy"]
    assert granted_by(seen["cloudformation"])["CavokCaches"]["Statement"][0]["Action"] == ACTIONS
    assert seen["cloudformation"]["Parameters"]["Caches"]["Default"] == "Yes"
    assert 'resource "aws_iam_role_policy" "caches"' in seen["terraform"]
    assert "--policy-name CavokCaches" in seen["cli"]


def test_a_tests_session_may_use_it(seen: dict[str, Any]) -> None:
    allowed = {a for s in seen["session_policy"]["Statement"] for a in s["Action"]}

    assert set(ACTIONS) <= allowed


def test_it_is_probed_and_a_step_of_every_test(seen: dict[str, Any]) -> None:
    assert [step for step in seen["steps"] if step in ACTIONS] == ACTIONS
    assert [probe for probe in seen["probes"] if probe in ACTIONS] == ACTIONS
    assert set(ACTIONS) <= set(seen["probed"])
    assert "caches" in seen["groups_of_a_step"]


def test_it_is_a_capability_of_the_account_and_its_refusal_an_issue(seen: dict[str, Any]) -> None:
    """An issue, but no problem: an account that was connected before stays confirmed."""
    capabilities = [group.group for group in CAPABILITY_GROUPS]
    assert list(seen["listing"]["capabilities"]) == [*capabilities, "caches"]
    assert seen["listing"]["capabilities"]["caches"] == "partial"
    assert seen["outcome"] == "confirmed"
    assert seen["issues"] == [
        "elasticache:RebootCacheCluster is not allowed; Cavok does without it."
    ]


def offered(seen: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The boxes of the form of an enrollment, and which are ticked at first: the page asks for the
    Access Details.
    """
    features = [group for group in seen["access_details"]["groups"] if group["feature"]]
    usual = [group for group in features if not group["optional"]]
    return [group["group"] for group in features], [group["group"] for group in usual]


def test_an_enrollment_has_it_unless_a_person_leaves_it_out(seen: dict[str, Any]) -> None:
    assert offered(seen) == (seen["features"], seen["usual_features"])
    assert seen["features"] == [*FEATURES, "caches"]
    assert "caches" in seen["usual_features"]


def test_an_enrollment_cannot_leave_out_what_only_tests_use(tmp_path: Path) -> None:
    seen = look(tmp_path, added("CHECKING_MORE", CHECKING_MORE), probes=HARMLESS)

    assert offered(seen) == (seen["features"], seen["usual_features"])
    assert seen["features"] == [*FEATURES]


def test_the_example_of_an_account_is_of_a_role_that_grants_it(seen: dict[str, Any]) -> None:
    """An outdated role has an issue, which the example does not have."""
    assert seen["example"]["template"] == {
        "version": current() + 1,
        "current": current() + 1,
        "outdated": False,
        "changes": [],
    }
    assert seen["example"]["capabilities"]["caches"] == "full"


def test_an_optional_group_is_granted_only_if_the_customer_asks_for_it(tmp_path: Path) -> None:
    seen = look(tmp_path, added("DEEP_SLEEP", OPTIONAL), probes={})

    assert offered(seen) == (seen["features"], seen["usual_features"])
    assert seen["features"] == [*FEATURES, "deep_sleep"]
    assert "deep_sleep" not in seen["usual_features"]
    template = seen["cloudformation"]
    assert "CavokDeepSleep" not in granted_by(template)
    assert "CavokDeepSleep" in granted_by(template, DeepSleep="Yes")
    assert template["Parameters"]["DeepSleep"]["Default"] == "No"
    assert template["Parameters"]["EncryptedVolumes"]["Default"] == "No"
    assert "var.deep_sleep ? 1 : 0" in seen["terraform"]
    assert "--policy-name CavokDeepSleep" in seen["cli"]
    for of_a_user in seen["for_a_user"]:
        assert "deep" not in of_a_user.lower(), "the group is for roles alone"
        assert "encrypted" in of_a_user.lower()
