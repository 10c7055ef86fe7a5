"""Describing instances in several regions at once, and saying why a region gave no answer."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from cavok.domain.access_denied import NOT_READABLE, Reason
from cavok.domain.errors import (
    CallFailed,
    InteractionRefused,
    NotAnswered,
    NotReadable,
    RefusedByAws,
    RegionUnusable,
)
from cavok.domain.kinds import Kind
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.steps import Judgement, Verdict
from cavok.services.calls_at_once import call_at_once, no_answer_within

if TYPE_CHECKING:  # a function that only reads the history loads no boto3
    from cavok.adapters.customer.instances import InstanceClient

TIME_LIMIT_SECONDS = 12
"""Regions without an answer by then are reported as unavailable. The gateway's limit is 30."""

_THREADS = 16

T = TypeVar("T")


def query_in_parallel(
    clients: "Sequence[InstanceClient]", query: "Callable[[InstanceClient], T]"
) -> "tuple[dict[InstanceClient, T], dict[InstanceClient, Judgement]]":
    """The result of `query` for each client, and the failures. Both keep the order of `clients`."""
    ended = call_at_once(
        {client: partial(query, client) for client in clients},
        min(_THREADS, len(clients)) or 1,
        seconds=TIME_LIMIT_SECONDS,
    )
    results: dict[InstanceClient, T] = {}
    failures: dict[InstanceClient, Judgement] = {}
    for client in clients:
        if client not in ended:
            failures[client] = no_answer_within(TIME_LIMIT_SECONDS)
            continue
        try:
            results[client] = ended[client].result()
        except CallFailed as failure:
            failures[client] = failure.judgement
    return results, failures


def why_not_described(kind: Kind, judgement: Judgement) -> str:
    """Why the instances of a kind could not be read, as a sentence."""
    if judgement.error_code == NOT_READABLE:
        return f"Of the {kind.descriptor.plural} in AWS's answer, {judgement.detail}."
    if judgement.reason is Reason.REGION_DISABLED:
        return f"The account has not enabled this region ({judgement.error_code})."
    return why_call_failed(kind.descriptor.describe, judgement)


def why_unavailable(judgement: Judgement) -> type[InteractionRefused | NotAnswered]:
    """The error to raise for such an answer."""
    if judgement.passing:
        return NotAnswered
    if judgement.error_code == NOT_READABLE:
        return NotReadable
    return RegionUnusable if judgement.reason is Reason.REGION_DISABLED else RefusedByAws


def why_left_out(health: RegionHealth) -> str:
    """Why no call is made in a region, as a sentence."""
    found = (
        "the account has not enabled this region"
        if health.status is RegionStatus.NOT_ENABLED
        else f"AWS refuses every call in this region ({health.reason or Reason.UNSTATED})"
    )
    return f"The last test found that {found}. Press Test to look again."


def why_call_failed(permission: str, judgement: Judgement) -> str:
    """Why a call failed, as a sentence, with AWS's own words."""
    verb = "refuses" if judgement.verdict is Verdict.DENIED else "did not carry out"
    # EC2 appends a text that only sts:DecodeAuthorizationMessage can read.
    message = (judgement.detail or "").partition(" Encoded authorization failure message")[0]
    return f"AWS {verb} {permission}: {judgement.error_code}: {message}"
