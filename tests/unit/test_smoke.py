"""What `make smoke` says about the rows of docs/aws-fidelity.md."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from local.settings import ROOT
from tests.smoke.__main__ import Deployed, NotThere, lengths_are_kept, place_of
from tests.smoke.rows import ROWS, Evidence, Row, report
from tests.support.template import resource

SWEEPS = {"OutputKey": "ReverifyAccountsArn", "OutputValue": "arn"}
SEEN = Evidence(
    refused={"outcome": "failed"},
    tested={"outcome": "confirmed"},
    lines_of_functions={"/aws/lambda/cavok/deliver_webhook": 1},
    swept=1,
    clocks_checked=True,
    requests_counted=True,
    lengths_kept=True,
    deleted=204,
)
NOTHING = Evidence(
    refused={"outcome": "aborted"},
    tested=None,
    lines_of_functions={},
    swept=0,
    clocks_checked=False,
    requests_counted=False,
    lengths_kept=False,
    deleted=500,
)


def table() -> dict[str, str]:
    """The first and the last cell of each row."""
    lines = (ROOT / "docs" / "aws-fidelity.md").read_text().splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {cells[0]: cells[-1] for cells in rows}


def test_the_rows_that_need_a_deployed_stack_are_those_of_the_document() -> None:
    needed = {
        point
        for point, proof in table().items()
        if "make smoke" in proof or "deployed stack" in proof or "deployed function" in proof
    }
    named = {row: [p for p in table() if p.startswith(row.point)] for row in ROWS}

    assert [row.point for row, found in named.items() if len(found) != 1] == []
    assert needed - {found for each in named.values() for found in each} == set()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.point)
def test_the_document_says_of_each_row_whether_a_run_can_prove_it(row: Row) -> None:
    (proof,) = (proof for point, proof in table().items() if point.startswith(row.point))

    assert ("`make smoke`" in proof) == (row.proves is not None)


def test_a_run_that_saw_all_proves_all_that_a_run_can_prove() -> None:
    proven = [words for is_proven, words in report(SEEN) if is_proven]

    assert proven == [row.point for row in ROWS if row.proves]
    assert SEEN.works


def test_a_run_that_saw_nothing_proves_nothing_and_says_why() -> None:
    lines = list(report(NOTHING))

    assert not any(proven for proven, _ in lines)
    assert all(words.endswith(row.otherwise) for (_, words), row in zip(lines, ROWS, strict=True))


@pytest.mark.parametrize(
    "broken",
    [
        replace(SEEN, refused={"outcome": "aborted"}),
        replace(SEEN, tested={"outcome": "failed"}),
        replace(SEEN, deleted=500),
    ],
)
def test_a_stack_that_does_not_do_what_it_is_for_does_not_work(broken: Evidence) -> None:
    assert not broken.works


class Place:
    """One client of AWS without a network, and how it was asked for."""

    def __init__(self, service: str) -> None:
        session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "secret", region_name="eu-west-1")
        self.made = session.client(service)  # type: ignore[call-overload]
        self.answers = Stubber(self.made)
        self.options: dict[str, Any] = {}

    def client(self, _service: str, **options: Any) -> Any:
        self.options = options
        return self.made


def deployed(place: Any, **resources: str) -> Deployed:
    return Deployed(place, outputs={}, resources=resources)


def test_a_line_that_is_not_on_the_first_page_of_a_log_is_found() -> None:
    """CloudWatch Logs answers with pages of what it searched, which may hold no line."""
    place, group = Place("logs"), "/aws/lambda/cavok/deliver_webhook"
    asked = {"logGroupName": group, "filterPattern": '"A1"', "startTime": 1_000_000}
    place.answers.add_response("filter_log_events", {"events": [], "nextToken": "more"}, asked)
    found = {"events": [{"message": "A1"}]}
    place.answers.add_response("filter_log_events", found, asked | {"nextToken": "more"})

    with place.answers:
        lines = deployed(place, DeliverWebhookLogs=group).lines_about("A1", since=1000.0)

    assert lines == {group: 1}


def test_the_check_of_clocks_is_awaited_for_as_long_as_it_may_run_and_started_once() -> None:
    place = Place("lambda")
    place.answers.add_response("invoke", {"StatusCode": 200})

    with place.answers:
        checked = deployed(place, ReconcileClocks="cavok-ReconcileClocks").check_clocks()

    assert checked
    assert Config(**place.options).retries == {"total_max_attempts": 1}
    assert place.options["read_timeout"] > resource("ReconcileClocks")["Timeout"]


@pytest.mark.parametrize(
    ("of_head", "of_304", "kept"),
    [("5", None, True), (None, "5", True), ("0", None, False), (None, "0", False)],
)
def test_a_length_that_is_not_that_of_get_is_seen(
    of_head: str | None, of_304: str | None, kept: bool
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "HEAD":
            return httpx.Response(200, headers={"content-length": of_head} if of_head else {})
        if "if-none-match" in request.headers:
            return httpx.Response(304, headers={"content-length": of_304} if of_304 else {})
        return httpx.Response(200, headers={"etag": 'W/"1"'}, text="whole")

    with httpx.Client(
        base_url="https://api.example", transport=httpx.MockTransport(answer)
    ) as client:
        assert lengths_are_kept(client) is kept


def seen(stacks: list[dict[str, Any]] | ClientError) -> Mock:
    """An account whose CloudFormation answers so."""
    client = Mock()
    client.describe_stacks.side_effect = [
        stacks if isinstance(stacks, Exception) else {"Stacks": stacks}
    ]
    client.get_paginator.return_value.paginate.return_value = []
    return Mock(account_number="111122223333", region="eu-west-1", client=lambda _: client)


NO_STACK = ClientError({"Error": {"Code": "ValidationError", "Message": "none"}}, "DescribeStacks")


@pytest.mark.parametrize(
    ("stacks", "says"),
    [
        (
            NO_STACK,
            "mine in account 111122223333, eu-west-1 cannot be read: .*none",
        ),
        ([{"StackStatus": "CREATE_COMPLETE"}], "has the outputs none. It is none of Cavok"),
        ([{"StackStatus": "ROLLBACK_FAILED", "Outputs": [SWEEPS]}], "is ROLLBACK_FAILED, and"),
    ],
)
def test_a_stack_that_cannot_be_tried_is_refused_with_a_sentence(
    stacks: list[dict[str, Any]] | ClientError, says: str
) -> None:
    with pytest.raises(NotThere, match=says):
        Deployed.find(seen(stacks), "mine")


def test_a_stack_that_is_deployed_is_found() -> None:
    found = Deployed.find(seen([{"StackStatus": "UPDATE_COMPLETE", "Outputs": [SWEEPS]}]), "mine")

    assert found.outputs == {"ReverifyAccountsArn": "arn"}


def test_a_profile_that_does_not_exist_is_refused_with_a_sentence() -> None:
    with pytest.raises(NotThere, match=r"the profile nobody: .*\. Name another with PROFILE="):
        place_of("nobody")
