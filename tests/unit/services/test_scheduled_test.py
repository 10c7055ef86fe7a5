"""A scheduled test in one function: what it does at once, and what it reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest

from cavok.adapters.table import organizations
from cavok.adapters.table.organizations import KeptOrganizations, OrganizationItem
from cavok.domain.deadlines import NO_DEADLINE, ProcessorTime
from cavok.domain.organizations import Organization
from cavok.domain.steps import Step
from cavok.domain.survey import Survey
from cavok.domain.verifications import Trigger
from cavok.services import scheduled_test
from cavok.services.enter_for_verification import EntryResult, VerificationRequest
from cavok.services.scheduled_test import make_scheduled_test
from cavok.services.write_customer_log import PREPARING
from tests.support.builders import (
    ACCOUNT_ID,
    EXTERNAL_ID,
    NOW,
    ORGANIZATION_ID,
    VERIFICATION_ID,
    a_step,
    an_account,
)

REQUEST = VerificationRequest(ORGANIZATION_ID, ACCOUNT_ID, VERIFICATION_ID, Trigger.SCHEDULED)


def test_the_log_is_prepared_while_the_account_is_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    account, prepared = an_account(write_logs=True), threading.Event()
    entered = EntryResult(account=account, session=Mock(), steps=(), probes=())

    def prepare(*_: Any) -> list[Step]:
        prepared.set()
        return [a_step(action) for action in PREPARING]

    def survey(*_: Any, **__: Any) -> Survey:
        assert prepared.wait(60), "it waits for the log, which nobody prepares"
        return Survey()

    def write(_: Mapping[str, Any], steps: Sequence[Step], *__: Any) -> list[Step]:
        assert [step.step for step in steps] == [*PREPARING], "nothing is made twice"
        return [a_step("logs:PutLogEvents")]

    monkeypatch.setattr(scheduled_test, "enter_for_verification", lambda *_: entered)
    monkeypatch.setattr(scheduled_test, "survey_regions", survey)
    monkeypatch.setattr(scheduled_test, "prepare_log", prepare)
    monkeypatch.setattr(scheduled_test, "write_verification_log", write)

    found = make_scheduled_test(REQUEST, Mock(), NO_DEADLINE, NOW, account=account)

    assert [step.step for step in found.steps] == [*PREPARING, "logs:PutLogEvents"]


def test_no_log_is_prepared_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    account = replace(an_account(), write_logs=False)
    entered = EntryResult(account=account, session=Mock(), steps=(), probes=())
    monkeypatch.setattr(scheduled_test, "enter_for_verification", lambda *_: entered)
    monkeypatch.setattr(scheduled_test, "survey_regions", lambda *_, **__: Survey())
    monkeypatch.setattr(scheduled_test, "prepare_log", Mock(side_effect=AssertionError))

    assert make_scheduled_test(REQUEST, Mock(), NO_DEADLINE, NOW).steps == []


def test_lists_and_policies_share_the_time_that_the_test_has_beside_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else an account with thousands of instances would keep the processor from another's."""
    account, share = replace(an_account(), write_logs=False), ProcessorTime(1, lambda: 0)
    entered = EntryResult(account=account, session=Mock(), steps=(), probes=())
    survey, probe = Mock(return_value=Survey()), Mock(return_value=[])
    monkeypatch.setattr(scheduled_test, "enter_for_verification", lambda *_: entered)
    monkeypatch.setattr(scheduled_test, "survey_regions", survey)
    monkeypatch.setattr(scheduled_test, "probe_account", probe)

    make_scheduled_test(REQUEST, Mock(), NO_DEADLINE, NOW, weighing=share)

    assert survey.call_args.kwargs["share"] is probe.call_args.args[1].weighing is share
    assert survey.call_args.kwargs["of_test"] is NO_DEADLINE


def test_a_sweep_reads_each_organization_once_and_a_missing_one_again() -> None:
    stored = OrganizationItem.of(Organization(ORGANIZATION_ID, EXTERNAL_ID, {}), NOW)
    table = Mock()
    table.get.side_effect = [None, stored]
    kept = KeptOrganizations(table)

    assert kept.get(ORGANIZATION_ID) is None
    found = [kept.get(ORGANIZATION_ID) for _ in range(3)]

    assert [one and one.external_id for one in found] == [EXTERNAL_ID] * 3
    assert table.get.call_count == 2


def test_accounts_that_are_tested_at_once_read_their_organization_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(organizations, "READ_SECONDS", 60.0)  # this machine may be busy
    stored = OrganizationItem.of(Organization(ORGANIZATION_ID, EXTERNAL_ID, {}), NOW)
    together, table = threading.Barrier(6), Mock()

    def get(*_: Any) -> OrganizationItem:
        time.sleep(0.05)
        return stored

    def ask(kept: KeptOrganizations) -> Organization | None:
        together.wait(60)
        return kept.get(ORGANIZATION_ID)

    table.get.side_effect = get
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(ask, [KeptOrganizations(table)] * 6))

    assert [one and one.external_id for one in found] == [EXTERNAL_ID] * 6
    assert table.get.call_count == 1


def test_whoever_waits_too_long_for_anothers_read_makes_his_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(organizations, "READ_SECONDS", 0.01)
    stored = OrganizationItem.of(Organization(ORGANIZATION_ID, EXTERNAL_ID, {}), NOW)
    begun, over, table = threading.Event(), threading.Event(), Mock()

    def hang(*_: Any) -> OrganizationItem:
        table.get.side_effect = None
        begun.set()
        over.wait(60)
        return stored

    table.get.side_effect, table.get.return_value = hang, stored
    kept = KeptOrganizations(table)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(kept.get, ORGANIZATION_ID)
        begun.wait(60)
        try:
            assert pool.submit(kept.get, ORGANIZATION_ID).result(5)
            assert not first.done()
        finally:
            over.set()
