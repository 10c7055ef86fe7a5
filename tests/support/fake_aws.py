"""AWS as botocore hears it, without a network: each operation answers as a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.model import OperationModel

from cavok.adapters.customer import session, survey
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.domain.deadlines import NO_DEADLINE, Deadline, ProcessorTime
from cavok.domain.kinds import Kind
from cavok.domain.survey import Survey
from cavok.services import survey_regions
from tests.support.builders import NUMBER

Answer = Mapping[str, Any] | Exception | Callable[[dict[str, Any]], Mapping[str, Any]]


_SESSION = botocore.session.get_session()


def refused(code: str, message: str = "No.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Any")


def with_nothing(operation: OperationModel) -> dict[str, Any]:
    """An answer whose lists are empty, without any other field."""
    fields = operation.output_shape.members if operation.output_shape else {}
    return {name: [] for name, shape in fields.items() if shape.type_name == "list"}


@cache
def nothing_of(kind: Kind) -> Mapping[str, Any]:
    """The answer to a Describe call if there is no instance of the kind."""
    service, operation = kind.descriptor.service, kind.descriptor.describe.partition(":")[2]
    return with_nothing(_SESSION.get_service_model(service).operation_model(operation))


@cache
def _made(service: str, region: str) -> Any:
    """A client a process: to make one reads megabytes of JSON."""
    return _SESSION.create_client(
        service, region, aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="nothing"
    )


class Aws:
    """Notes every call that a client would send, after botocore has checked its parameters, and
    answers it.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.made: list[tuple[str, str]] = []
        """Service and region of each client, in the order of their first use."""
        self.answers: dict[str, Answer] = {"GetRolePolicy": {"PolicyDocument": "%7B%7D"}}
        """Every other operation answers with empty lists, as of an account with nothing in it."""
        self._listening: list[Any] = []
        self._sent = threading.local()  # probes of several regions call at once

    def client(self, service: str, region_name: str) -> Any:
        client = _made(service, region_name)
        if client not in self._listening:
            self.made.append((service, region_name))
            client.meta.events.register_first("before-parameter-build", self._note)
            client.meta.events.register_last("before-call", self._answer)
            self._listening.append(client)
        return client

    def leave(self) -> None:
        for client in self._listening:
            client.meta.events.unregister("before-parameter-build", self._note)
            client.meta.events.unregister("before-call", self._answer)

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self._sent.params = dict(params)
        self.calls.append((model.name, self._sent.params))

    def _answer(self, model: Any, **_: Any) -> tuple[AWSResponse, Mapping[str, Any]]:
        answer = self.answers.get(model.name, with_nothing(model))
        if callable(answer):
            answer = answer(self._sent.params)
        if isinstance(answer, ClientError):
            return AWSResponse("", 400, {}, None), {"ResponseMetadata": {}} | answer.response
        if isinstance(answer, Exception):
            raise answer
        return AWSResponse("", 200, {}, None), {"ResponseMetadata": {}} | dict(answer)

    def called(self, operation: str) -> list[dict[str, Any]]:
        return [params for name, params in self.calls if name == operation]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """What customers' sessions reach instead of AWS."""
    fake = Aws()
    monkeypatch.setattr(session, "_shared_client", fake.client)
    # Limits of real time: a busy machine takes seconds to make a first client.
    monkeypatch.setattr(survey, "PAGING_SECONDS", 300)
    monkeypatch.setattr(survey_regions, "TIME_LIMIT_SECONDS", 300)
    yield fake
    fake.leave()


def probed(
    session: CustomerSession | None = None,
    *,
    survey: Survey | None = None,
    deadline: Deadline = NO_DEADLINE,
    weighing: ProcessorTime | None = None,
) -> ProbedAccount:
    """An account under test, without a survey of its regions if none is given."""
    return ProbedAccount(
        session=session or a_session(),
        survey=survey or Survey(),
        deadline=deadline,
        weighing=weighing,
    )


def a_session(role_name: str | None = "CavokCloud", region: str = "us-east-1") -> CustomerSession:
    return CustomerSession(
        account_number=NUMBER,
        region=region,
        role_name=role_name,
        credentials=Credentials("ASIAIOSFODNN7EXAMPLE", "secret", "token"),
    )


ASSUMED = {
    "Credentials": {
        "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "SecretAccessKey": "temporary-secret",
        "SessionToken": "temporary-token",
        "Expiration": "2025-03-01T12:15:00Z",
    }
}
