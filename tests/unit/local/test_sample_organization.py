"""The sample AWS Organization is made with few reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from local import sample_organization
from local.sample_organization import Member
from local.settings import Problem
from tests.support.piped_emulator import PipedEmulator


@pytest.fixture
def read(
    emulator: PipedEmulator, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, list[Member]], Counter[str]]:
    """Prepares an AWS Organization, and counts the reads of its owner."""

    def prepare(number: str, members: list[Member]) -> Counter[str]:
        reads: Counter[str] = Counter()

        def count(model: Any, **_: Any) -> None:
            reads[model.name] += model.name.startswith(("Describe", "List"))

        class Place:
            def __init__(self, *_: str) -> None:
                pass

            def client(self, service: str) -> Any:
                client = emulator.client(service, number)
                client.meta.events.register("before-call.organizations", count)
                return client

        monkeypatch.setattr(sample_organization, "CustomerAccount", Place)
        monkeypatch.setattr(sample_organization.time, "sleep", emulator.let_pass)
        made = sample_organization.prepare("", number, members)
        assert {*made.members} >= {member.name for member in members}
        return +reads

    return prepare


def test_many_accounts_are_made_without_a_read_for_each(
    read: Callable[[str, list[Member]], Counter[str]], new_account_number: Callable[[], str]
) -> None:
    members = [Member(f"Workload {index}", "Shops") for index in range(90)]
    number = new_account_number()

    reads = read(number, members)

    assert reads.total() <= 25, reads
    assert read(number, members)["ListCreateAccountStatus"] == 0, "nothing is missing"


def test_an_account_that_aws_does_not_make_is_a_problem(
    read: Callable[[str, list[Member]], Counter[str]], new_account_number: Callable[[], str]
) -> None:
    same_email = [Member("Shop A", "Shops"), Member("shop a", "Shops")]

    with pytest.raises(Problem, match=r"\['shop a'\].*EMAIL_ALREADY_EXISTS"):
        read(new_account_number(), same_email)
