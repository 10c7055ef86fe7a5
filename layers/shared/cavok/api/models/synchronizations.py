"""The bodies of an enrollment's synchronizations."""

from cavok.api.models.common import ResponseBody, Timestamp
from cavok.domain.synchronizations import SynchronizationState


class SynchronizationBody(ResponseBody):
    """One synchronization with the AWS Organization. Its numbers grow while it runs."""

    synchronization_id: str
    state: SynchronizationState
    found: int
    added: int
    changed: int
    missing: int
    reason: str | None
    started_at: Timestamp
    finished_at: Timestamp | None
