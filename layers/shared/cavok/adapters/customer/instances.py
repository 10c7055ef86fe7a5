"""The instances of a customer's account in one region: listing, finding, starting and stopping."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cavok.adapters.aws_errors import AWS_ERRORS, judge_error, was_repeated
from cavok.adapters.customer.session import CustomerSession, method_of, paginator_of
from cavok.domain.errors import CallFailed
from cavok.domain.instances import Instance
from cavok.domain.kinds import Action, Kind


class InstanceClient:
    """One kind of instance in one region. Its boto3 client is made in the constructor, because
    making clients is not thread-safe and using them is.
    """

    def __init__(self, session: CustomerSession, kind: Kind, region: str) -> None:
        self.kind = kind
        self.region = region
        self._descriptor = kind.descriptor
        self._client = session.client(kind.descriptor.service, region)

    def list(self) -> list[Instance]:
        """All instances except terminated ones and members of clusters. Raises CallFailed."""
        with _failures():
            found = list(self._describe({}))
        return [i for i in found if i.state not in self._descriptor.hidden and i.member_of is None]

    def find(self, instance_id: str) -> Instance | None:
        """The instance, or null if it does not exist. Raises CallFailed."""
        try:
            with _failures():
                return next(self._describe(self._descriptor.arguments(instance_id)), None)
        except CallFailed as failure:
            if failure.judgement.error_code in self._descriptor.absent:
                return None
            raise

    def act(self, instance_id: str, action: Action) -> None:
        """Starts or stops an instance. Raises CallFailed."""
        call = getattr(self._client, method_of(self._descriptor.permission(action)))
        with _failures():
            call(**self._descriptor.arguments(instance_id))

    def _describe(self, arguments: Mapping[str, Any]) -> Iterator[Instance]:
        paginator = paginator_of(self._client, self._descriptor.describe)
        for page in paginator.paginate(**arguments):
            for described in self._descriptor.read(page):
                yield Instance.of(described, self.kind, self.region)


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except AWS_ERRORS as error:
        raise CallFailed(judge_error(error), repeated=was_repeated(error)) from error
