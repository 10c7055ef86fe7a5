"""The instances of a customer's account in one region: listing, finding, starting and stopping."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from cavok.adapters.aws_errors import AWS_ERRORS, judge_error, was_repeated
from cavok.adapters.customer.described import read_answer
from cavok.adapters.customer.session import CustomerSession, method_of, paginator_of
from cavok.domain.access_denied import NOT_READABLE, Reason
from cavok.domain.errors import CallFailed
from cavok.domain.instances import Instance
from cavok.domain.kinds import Action, DescribedPage, Kind
from cavok.domain.steps import Judgement, Verdict


class Listed(NamedTuple):
    """A region's instances of a kind. `missing`: why some are not among them; null if all are."""

    instances: list[Instance]
    missing: Judgement | None = None


class InstanceClient:
    """One kind of instance in one region. Its boto3 client is made in the constructor, because
    making clients is not thread-safe and using them is.
    """

    def __init__(self, session: CustomerSession, kind: Kind, region: str) -> None:
        self.kind = kind
        self.region = region
        self._descriptor = kind.descriptor
        self._account_number = session.account_number
        self._client = session.client(kind.descriptor.service, region)

    def list(self) -> Listed:
        """All instances except terminated ones and members of clusters. Raises CallFailed."""
        with _failures():
            pages = list(self._describe({}))
        return Listed(
            [
                Instance.of(each, self.kind, self.region)
                for page in pages
                for each in page.instances
                if self._descriptor.lists(each)
            ],
            _judge([why for page in pages for why in page.unreadable]),
        )

    def find(self, instance_id: str) -> Instance | None:
        """The instance, or null if it does not exist. Raises CallFailed, also if what AWS says
        about it cannot be read.
        """
        try:
            with _failures():
                for page in self._describe(self._descriptor.arguments(instance_id)):
                    if missing := _judge(page.unreadable):
                        raise CallFailed(missing)
                    for each in page.instances:
                        return Instance.of(each, self.kind, self.region)
                return None
        except CallFailed as failure:
            if failure.judgement.error_code in self._descriptor.absent:
                return None
            raise

    def act(self, instance_id: str, action: Action) -> None:
        """Starts or stops an instance. Raises CallFailed."""
        call = getattr(self._client, method_of(self._descriptor.permission(action)))
        with _failures():
            call(**self._descriptor.arguments(instance_id))

    def _describe(self, arguments: Mapping[str, Any]) -> Iterator[DescribedPage]:
        paginator = paginator_of(self._client, self._descriptor.describe)
        for page in paginator.paginate(**arguments):
            yield read_answer(
                self.kind, page, account_number=self._account_number, region=self.region
            )


def _judge(unreadable: Sequence[str]) -> Judgement | None:
    """What descriptions prove that cannot be read: nothing. Null if there are none."""
    if not unreadable:
        return None
    return Judgement(
        verdict=Verdict.INCONCLUSIVE,
        reason=Reason.ERROR,
        error_code=NOT_READABLE,
        detail=f"{len(unreadable)} cannot be read ({', '.join(sorted(set(unreadable)))})",
    )


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except AWS_ERRORS as error:
        raise CallFailed(judge_error(error), repeated=was_repeated(error)) from error
