"""What a member of an enrollment is to Cavok. Apart from `members`, because every function that
writes accounts counts them by state.
"""

from enum import StrEnum

from cavok.domain.accounts import Status


class MemberState(StrEnum):
    """What a member is to Cavok. `role_missing`: Cavok has not been let in yet. `problem`: it was,
    or is, and something is wrong. `excluded`: the enrollment leaves it out, or a person deleted or
    revoked it. `suspended`: AWS lets nobody use it. `closed`: it is being closed, or the AWS
    Organization does not list it any more.
    """

    CONNECTED = "connected"
    ROLE_MISSING = "role_missing"
    PROBLEM = "problem"
    EXCLUDED = "excluded"
    SUSPENDED = "suspended"
    CLOSED = "closed"


_BY_STATUS = {
    Status.UNCONFIRMED: MemberState.ROLE_MISSING,
    Status.CONFIRMED: MemberState.CONNECTED,
    Status.DEGRADED: MemberState.PROBLEM,
    Status.FAILED: MemberState.PROBLEM,
}


def state_in_use(status: Status, *, revoked: bool) -> MemberState:
    """The state of a member that is used, by its account."""
    return MemberState.EXCLUDED if revoked else _BY_STATUS[status]
