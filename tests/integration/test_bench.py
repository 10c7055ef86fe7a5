"""What `make bench` measures with: the stand-in for AWS, and functions as Lambda runs them."""

from __future__ import annotations

import py_compile
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, SSLError
from moto.dynamodb.models.table import Table
from pytest_socket import enable_socket

from local.settings import Problem
from tests.bench import functions
from tests.bench.functions import LAMBDAS, TABLE, Functions, Shares, artifacts
from tests.bench.measure import Sample
from tests.bench.prepared import prepare
from tests.bench.stand_in import EXTERNAL_ID, StandIn, stand_in
from tests.bench.yardstick import Yardstick

ROLE = "arn:aws:iam::200000000000:role/CavokCloud"
HANDLER = """
def handler(event, context):
    print("line one")
    print("line two")
    if event["fails"]:
        raise ValueError("no")
    return {"name": context.function_name}
"""


@pytest.fixture(autouse=True)
def stack() -> None:
    """No AWS but the stand-in."""


@pytest.fixture
def aws() -> Iterator[StandIn]:
    enable_socket()
    with stand_in() as aws:
        aws.latency = 0
        yield aws


@pytest.fixture
def bundle(aws: StandIn, tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    path.write_bytes(aws.authority)
    return path


def client(service: str, aws: StandIn, **more: Any) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        "us-east-1",
        endpoint_url=aws.url,
        aws_access_key_id=LAMBDAS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=LAMBDAS["AWS_SECRET_ACCESS_KEY"],
        **more,
    )


# ---- the stand-in


def test_who_does_not_trust_the_stand_ins_authority_does_not_speak_to_it(aws: StandIn) -> None:
    with pytest.raises(SSLError):
        client("sts", aws).get_caller_identity()
    assert aws.calls == []


def test_an_answer_comes_after_the_latency_and_not_before(aws: StandIn, bundle: Path) -> None:
    sts = client("sts", aws, verify=str(bundle))
    sts.get_caller_identity()
    aws.latency = 0.5

    began = time.monotonic()
    sts.get_caller_identity()

    assert time.monotonic() - began >= 0.5
    assert [call.operation for call in aws.calls] == ["GetCallerIdentity"] * 2


@pytest.mark.parametrize("external_id", [{}, {"ExternalId": "another"}])
def test_a_role_is_assumed_with_the_external_id_only(
    aws: StandIn, bundle: Path, external_id: dict[str, str]
) -> None:
    sts = client("sts", aws, verify=str(bundle))
    asked = {"RoleArn": ROLE, "RoleSessionName": "test"}

    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(**asked, **external_id)
    assert sts.assume_role(**asked, ExternalId=EXTERNAL_ID)["Credentials"]


def test_a_write_is_noted_with_the_item_before_and_after_it(aws: StandIn, bundle: Path) -> None:
    prepare()
    table = client("dynamodb", aws, verify=str(bundle))
    item = {"pk": {"S": "ORG#a"}, "sk": {"S": "ORG"}, "sealed": {"B": b"\x00"}}
    changed = item | {"sealed": {"B": b"\x01"}}

    table.put_item(TableName=TABLE, Item=item)
    put = {"Put": {"TableName": TABLE, "Item": changed}}
    table.transact_write_items(TransactItems=[put])

    assert [call.items for call in aws.calls] == [
        (({}, item | {"sealed": {"B": "AA=="}}),),
        ((item | {"sealed": {"B": "AA=="}}, item | {"sealed": {"B": "AQ=="}}),),
    ]


def test_no_transaction_copies_the_whole_table(
    aws: StandIn, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take longer than the latency, and hold up all other answers."""
    prepare()
    copied = Mock(side_effect=AssertionError)
    monkeypatch.setattr(Table, "__deepcopy__", copied, raising=False)
    item = {"pk": {"S": "ORG#a"}, "sk": {"S": "ORG"}}

    put = {"Put": {"TableName": TABLE, "Item": item}}
    client("dynamodb", aws, verify=str(bundle)).transact_write_items(TransactItems=[put])

    copied.assert_not_called()
    assert aws.calls[-1].items == (({}, item),)


def test_late_answers_are_counted_from_a_call_on(aws: StandIn, bundle: Path) -> None:
    sts = client("sts", aws, verify=str(bundle))
    aws.latency = -1
    sts.get_caller_identity()
    aws.latency = 0.5
    sts.get_caller_identity()

    assert aws.late() == "1 of 2 answers were late"
    assert aws.late(since=1) == "0 of 1 answers were late"


def test_after_it_hung_up_clients_connect_again_and_no_call_fails(
    aws: StandIn, bundle: Path
) -> None:
    once = Config(retries={"total_max_attempts": 1})
    sts = client("sts", aws, verify=str(bundle), config=once)
    sts.get_caller_identity()
    before = {*aws.connections}
    sts.get_caller_identity()
    assert aws.connections == before, "it is kept"

    aws.hang_up()

    sts.get_caller_identity()
    assert len(aws.connections - before) == 1


# ---- functions


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build with one function, and a layer with nothing but AWS's authorities."""
    build = tmp_path / "build"
    for folder in ("ProbePermission", "SharedLayer/python"):
        (build / folder).mkdir(parents=True)
    (build / "ProbePermission" / "app.py").write_text(HANDLER)
    (build / "SharedLayer" / "python" / "amazon-roots.pem").touch()
    monkeypatch.setattr(functions, "BUILD", build)
    return build


def test_only_the_builds_own_bytecode_is_taken(built: Path) -> None:
    source = built / "ProbePermission" / "app.py"
    of_the_build = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), str(source.with_name("a.pyc")), invalidation_mode=of_the_build)
    left_behind = source.parent / "__pycache__" / f"app.{sys.implementation.cache_tag}.pyc"
    py_compile.compile(str(source), str(left_behind))

    assert left_behind.exists()
    with artifacts() as copy:
        found = {path.name for path in copy.rglob("*.pyc")}

    assert found == {"a.pyc"}


def test_start_and_invocations_are_told_apart_and_what_is_logged_is_counted(
    built: Path, aws: StandIn
) -> None:
    with Functions.of_the_build(aws) as made:
        environment = made.start("ProbePermission")
        invocation = environment.invoke({"fails": False})
        with pytest.raises(Problem, match="ValueError: no"):
            environment.invoke({"fails": True})
        again = environment.invoke({"fails": False})
        environment.end()

    assert environment.init.cpu > invocation.took.cpu
    assert invocation.result == {"name": "ProbePermission"}
    assert (invocation.log_lines, invocation.log_bytes) == (2, len("line one\nline two\n"))
    assert again.log_lines == 2


def test_where_no_quota_can_be_set_the_wait_for_a_processor_is_reckoned_but_not_of_a_start(
    built: Path, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    reckoned = Sample(3600, 0)
    monkeypatch.setattr(Shares, "group", lambda *_: None)
    monkeypatch.setattr(functions, "with_a_share", lambda *_: reckoned)

    with Functions.of_the_build(aws) as made:
        environment = made.start("ProbePermission")
        invocation = environment.invoke({"fails": False})
        environment.end()

    assert "reckoned" in made.how
    assert invocation.took == reckoned
    assert environment.init.wall < reckoned.wall


def test_a_start_has_a_whole_processor_and_an_invocation_its_share(
    built: Path, aws: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = tmp_path / "group"
    group.mkdir()
    (group / "cpu.stat").touch()
    members = group / "cgroup.procs"
    members.touch()
    monkeypatch.setattr(Shares, "group", lambda *_: group)
    (built / "ProbePermission" / "app.py").write_text(
        f"""
from os import getpid
from pathlib import Path
at_the_start = Path({str(members)!r}).read_text()
def handler(event, context):
    return at_the_start, Path({str(members)!r}).read_text(), str(getpid())
"""
    )

    with Functions.of_the_build(aws) as made:
        environment = made.start("ProbePermission")
        at_the_start, later, process = environment.invoke({}).result
        environment.end()

    assert at_the_start == ""
    assert later == process


def test_seconds_in_which_an_invocation_was_held_back_are_those_of_the_reference(
    built: Path, aws: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a machine that is found as fast before, and three times slower after it."""
    counts, slower = tmp_path / "cpu.stat", iter([1, 1, 3])
    counts.write_text("throttled_usec 7000000\n")
    monkeypatch.setattr(Shares, "group", lambda *_: tmp_path)
    monkeypatch.setattr(Yardstick, "slower", lambda _: next(slower))
    (built / "ProbePermission" / "app.py").write_text(
        f"""
from pathlib import Path
from time import sleep
def handler(event, context):
    sleep(0.2)
    Path({str(counts)!r}).write_text("throttled_usec 7200000")
"""
    )

    with Functions.of_the_build(aws) as made:
        environment = made.start("ProbePermission")
        took = environment.invoke({}).took
        environment.end()

    assert 0.1 <= took.wall < 0.2
