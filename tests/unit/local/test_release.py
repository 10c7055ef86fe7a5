"""What an update would destroy, found before it is released."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local import release
from tests.support.template import template

Change = Callable[[dict[str, Any]], None]
STATEFUL = release.stateful_types()


def losses(change: Change) -> list[str]:
    """From our template to a changed one. Both with SAM's resources, which are none of these."""
    new = copy.deepcopy(template())
    change(new)
    return list(release.losses(template(), new, replaced_by, STATEFUL))


def replaced_by(kind: str) -> tuple[str, ...]:
    return () if kind.startswith("AWS::Serverless::") else release.replaced_by(kind)


def sets(name: str, key: str, value: Any) -> Change:
    return lambda new: new["Resources"][name]["Properties"].update({key: value})


def drops(name: str, key: str) -> Change:
    return lambda new: new["Resources"][name].pop(key)


def removes(name: str) -> Change:
    return lambda new: new["Resources"].pop(name)


def makes_conditional(new: dict[str, Any]) -> None:
    new["Resources"]["Table"]["Condition"] = "HasHostedSignIn"


def changes_a_condition(new: dict[str, Any]) -> None:
    new["Conditions"]["MakesTemplatesBucket"] = {"Fn::Equals": ["a", "b"]}


def renames(name: str) -> Change:
    def change(new: dict[str, Any]) -> None:
        new["Resources"]["Other"] = new["Resources"].pop(name)

    return change


MOVES = 'AWS::{} of {{"Ref": "{}"}} would move from '
KEY_SCHEMA = [{"AttributeName": "pk", "KeyType": "HASH"}]


@pytest.mark.parametrize(
    ("change", "loss"),
    [
        (removes("Table"), "Table would be removed."),
        (removes("UnwrittenLines"), "UnwrittenLines would be removed."),
        (removes("AccountsApiLogs"), "AccountsApiLogs would be removed."),
        (removes("Clocks"), "Clocks would be removed."),
        (removes("AdminGroup"), "AdminGroup would be removed."),
        (removes("Api"), "Api would be removed."),
        (sets("Table", "TableName", "t"), "Table cannot be updated in place: TableName changes."),
        (
            sets("Table", "KeySchema", KEY_SCHEMA),
            "Table cannot be updated in place: KeySchema changes.",
        ),
        (sets("Bus", "Name", "bus"), "Bus cannot be updated in place: Name changes."),
        (
            sets("Dashboard", "DashboardName", "d"),
            "Dashboard cannot be updated in place: Dashbo",
        ),
        (
            sets("HostedSignIn", "Domain", "d"),
            "HostedSignIn cannot be updated in place: Domain changes.",
        ),
        (
            sets("Api", "ProtocolType", "WEBSOCKET"),
            "Api cannot be updated in place: ProtocolType changes.",
        ),
        (
            sets("UserPool", "UsernameConfiguration", {"CaseSensitive": True}),
            "UserPool cannot be updated in place: UsernameConfiguration changes.",
        ),
        (
            sets("UserPoolClient", "GenerateSecret", True),
            "UserPoolClient cannot be updated in place: GenerateSecret changes.",
        ),
        (
            lambda new: new["Resources"]["Table"].update(Type="AWS::DynamoDB::GlobalTable"),
            "Table would become a AWS::DynamoDB::GlobalTable.",
        ),
        (renames("InteractionQueuesPolicy"), MOVES.format("SQS::QueuePolicy", "InteractionsToLog")),
        (renames("TemplatesBucketPolicy"), MOVES.format("S3::BucketPolicy", "TemplatesBucket")),
        (
            sets("InteractionQueuesPolicy", "Queues", [{"Ref": "UnpublishedEvents"}]),
            MOVES.format("SQS::QueuePolicy", "UnpublishedEvents"),
        ),
        (renames("DefaultRoute"), 'AWS::ApiGatewayV2::Route of {"Ref": "Api"} $default would move'),
        (
            renames("InteractionsToLogQueue"),
            'AWS::Lambda::EventSourceMapping of {"Ref": "LogInteractions"} {"Fn::GetAtt": ',
        ),
        (renames("ClocksRole"), "ClocksRole would be removed."),
        (sets("ClocksRole", "Path", "/clocks/"), "ClocksRole cannot be updated in place: Path ch"),
        (
            sets("Table", "TimeToLiveSpecification", {"AttributeName": "ends", "Enabled": True}),
            "Table cannot be updated in place: TimeToLiveSpecification/AttributeName changes.",
        ),
        (
            sets("Table", "StreamSpecification", {"StreamViewType": "NEW_IMAGE"}),
            "Table cannot be updated in place: StreamSpecification/StreamViewType changes.",
        ),
        (
            sets("UserPool", "Schema", [{"Name": "organization", "Mutable": True}]),
            "UserPool cannot be updated in place: its attribute organization changes.",
        ),
        (
            lambda new: new["Parameters"].pop("DeletionProtection"),
            "DeletionProtection would be missing from the Parameters.",
        ),
        (lambda new: new["Outputs"].pop("ApiUrl"), "ApiUrl would be missing from the Outputs."),
        (
            lambda new: new["Parameters"].update(Stage={"Type": "String"}),
            "Stage is a new parameter, and has no default.",
        ),
        (drops("Table", "DeletionPolicy"), "Table loses its DeletionPolicy."),
        (drops("SealingKey", "UpdateReplacePolicy"), "SealingKey loses its UpdateReplacePolicy."),
        (makes_conditional, "Table would be removed where its condition HasHostedSignIn is false."),
        (changes_a_condition, "TemplatesBucket would be removed where its condition MakesTemplat"),
    ],
)
def test_a_loss_is_found(change: Change, loss: str) -> None:
    assert [each for each in losses(change) if each.startswith(loss)]


@pytest.mark.parametrize(
    "change",
    [
        lambda new: None,
        sets("Table", "BillingMode", "PROVISIONED"),
        sets("SealingKey", "EnableKeyRotation", False),
        sets("AccountsApiLogs", "RetentionInDays", 1),
        # Neither has a state or a name of its own, and CloudFormation makes another.
        removes("ApiErrorsAlarm"),
        sets("InteractionQueuesPolicy", "Queues", []),
        sets("DefaultRoute", "RouteKey", "ANY /others"),
        lambda new: new["Parameters"].update(Stage={"Type": "String", "Default": "prod"}),
        lambda new: new["Resources"]["UserPool"]["Properties"]["Schema"].append({"Name": "team"}),
        removes("AccountsApiPermission"),
        sets("OpenSessionRole", "Path", "/others/"),
        sets("AccountsApiPermission", "Principal", "events.amazonaws.com"),
    ],
)
def test_what_loses_nothing_is_let_through(change: Change) -> None:
    assert losses(change) == []


def indexes(*changes: Callable[[list[dict[str, Any]]], object]) -> Change:
    def change(new: dict[str, Any]) -> None:
        for each in changes:
            each(new["Resources"]["Table"]["Properties"]["GlobalSecondaryIndexes"])

    return change


def adds(name: str) -> Callable[[list[dict[str, Any]]], object]:
    return lambda all_indexes: all_indexes.append({"IndexName": name, "KeySchema": KEY_SCHEMA})


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        (indexes(adds("one")), 1),
        (indexes(lambda all_indexes: all_indexes.pop()), 1),
        (indexes(adds("one"), adds("two")), 2),
        (indexes(adds("one"), lambda all_indexes: all_indexes.pop(0)), 2),
        (indexes(lambda all_indexes: all_indexes[0].update(IndexName="renamed")), 2),
        (indexes(lambda all_indexes: all_indexes[0].update(KeySchema=KEY_SCHEMA)), 2),
    ],
)
def test_a_release_changes_one_index_at_most(change: Change, steps: int) -> None:
    expected = [f"Table changes indexes in {steps} steps"] if steps > 1 else []

    assert [each.partition(", and")[0] for each in losses(change)] == expected


def test_a_part_of_a_property_is_compared_alone_unless_a_function_gives_the_whole() -> None:
    network = {"VpcConfig": {"SubnetIds": ["a"], "SecurityGroupIds": ["b"]}}
    chosen = {"VpcConfig": {"Fn::If": ["Inside", {"SubnetIds": ["a"]}, {"Ref": "AWS::NoValue"}]}}
    path = "/properties/VpcConfig/SubnetIds"

    assert release._value({"Properties": network}, path) == ["a"]
    assert release._value({"Properties": chosen}, path) == chosen["VpcConfig"]
    assert release._value({}, path) is None


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With a tag on the first of two commits."""
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for text, tag in (("first", "v1.0.0"), ("second", "nightly")):
        (folder / "template.yaml").write_text(text)
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "--message", text)
        git(folder, "tag", tag)
    return folder


def test_the_last_release_is_the_nearest_tag_with_a_number(repository: Path) -> None:
    assert release.last_release(repository) == ("v1.0.0", "first")


def test_a_shallow_clone_and_a_folder_without_history_know_no_release(
    repository: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository}", "clone")
    (tmp_path / "copy").mkdir()

    assert release.last_release(tmp_path / "clone") is None
    assert release.last_release(tmp_path / "copy") is None


@pytest.mark.parametrize(
    ("deliberate", "passes", "says"),
    [
        ({}, False, "Since v1.0.0: Table would be removed."),
        ({"Table would be removed.": "Nobody used it."}, True, ""),
        ({"Table would be removed.": "…", "Bus would be removed.": "…"}, False, "does not do: Bus"),
    ],
)
def test_a_loss_passes_only_if_it_is_deliberate(
    deliberate: dict[str, str],
    passes: bool,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table"}}}
    monkeypatch.setattr(release, "last_release", lambda root: ("v1.0.0", ""))
    monkeypatch.setattr(release, "expanded", lambda *texts: [old, {"Resources": {}}])
    monkeypatch.setattr(release, "DELIBERATE", deliberate)

    assert (release.main() == 0) is passes
    assert says in capsys.readouterr().out
