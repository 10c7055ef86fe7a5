"""Why AWS refused a call, read from its access-denied message.

The formats are those of the IAM User Guide, "Troubleshoot access denied error messages". It
documents one per policy type for implicit denials ("because no … allows the … action") and one for
explicit denials ("with an explicit deny in a …"). The error code alone decides whether a call was
refused. The text gives the *reason*, and so whose policy refused: Cavok's own prove nothing about
the customer's.
"""

import re
from enum import StrEnum

DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
"""The codes that mean "not allowed". Everything else proves nothing about a permission."""

TIMED_OUT = "RequestTimeout"
"""Cavok's own error code for a broken connection or a timeout."""

OUT_OF_TIME = "OutOfTime"
"""Cavok's own code for a call that was not made, or not answered, within the test's time."""

POLICIES_UNREAD = "PoliciesUnread"
"""Cavok's own code: the role has more policies than tests read."""

NOT_READABLE = "NotReadable"
"""Cavok's own code: AWS described an instance without a field that Cavok needs."""

MAX_MESSAGE = 4_096
"""How many characters of an error message are read. In EC2's, the rest is the encoded part."""

THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""AWS did not take the request at all."""

TRANSIENT_CODES = THROTTLING_CODES | {
    TIMED_OUT,
    "500",  # botocore's code for an answer that is not an AWS error, such as a load balancer's
    "502",
    "503",
    "504",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "OperationAbortedException",
    "RequestTimeoutException",
    "ServiceFailure",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "TransactionInProgressException",
    "Unavailable",
}
"""Temporary errors. A probe is retried before its step becomes inconclusive. Source: the service
models and retries of botocore, which a unit test compares. LimitExceededException is left out:
CloudWatch Logs returns it for a quota, which only a person can raise.
"""

PASSING_CODES = TRANSIENT_CODES | {OUT_OF_TIME}
"""Why a step proves nothing although its next try may."""

WORTH_REPEATING = TRANSIENT_CODES - {TIMED_OUT}
"""A call that timed out is not repeated: botocore has tried it twice, and a region that does not
answer must not outlast the test.
"""


_STS_OFF = "AWS STS is turned off in {region} in this account."


def sts_is_off(region: str) -> str:
    """The start of a refused entry's detail, if STS is off in the region that was tried first."""
    return _STS_OFF.format(region=region)


def region_without_sts(detail: str) -> str | None:
    """The region in which STS is off, read from the detail of a refused entry."""
    found = re.search(re.escape(_STS_OFF).replace(r"\{region\}", "([a-z0-9-]+)"), detail)
    return found[1] if found else None


class Reason(StrEnum):
    """Why a step failed, was skipped or is inconclusive; null if it passed. `error` may also stand
    beside a verdict on some resources: there was no answer about others.
    """

    IDENTITY_POLICY = "identity_policy"
    EXPLICIT_DENY = "explicit_deny"
    PERMISSIONS_BOUNDARY = "permissions_boundary"
    SERVICE_CONTROL_POLICY = "service_control_policy"
    RESOURCE_CONTROL_POLICY = "resource_control_policy"
    SESSION_POLICY = "session_policy"
    RESOURCE_POLICY = "resource_policy"
    VPC_ENDPOINT_POLICY = "vpc_endpoint_policy"
    UNSTATED = "unstated"
    ROLE_NOT_ASSUMABLE = "role_not_assumable"
    CREDENTIALS_REJECTED = "credentials_rejected"
    WRONG_ACCOUNT = "wrong_account"
    CONFUSED_DEPUTY = "confused_deputy"
    REGION_DISABLED = "region_disabled"
    NOT_PROVABLE = "not_provable"
    ERROR = "error"
    NOT_ENTERED = "not_entered"
    NOT_APPLICABLE = "not_applicable"
    NOT_ASKABLE = "not_askable"
    WRITE_LOGS_OFF = "write_logs_off"


FROM_OUTSIDE = frozenset(
    {
        Reason.PERMISSIONS_BOUNDARY,
        Reason.SERVICE_CONTROL_POLICY,
        Reason.RESOURCE_CONTROL_POLICY,
        Reason.RESOURCE_POLICY,
        Reason.VPC_ENDPOINT_POLICY,
    }
)
"""Refusals by policies that Cavok cannot read. No statement of the role's own ends them."""

OF_THE_CALLER = frozenset(
    {
        Reason.IDENTITY_POLICY,
        Reason.PERMISSIONS_BOUNDARY,
        Reason.SERVICE_CONTROL_POLICY,
        Reason.SESSION_POLICY,
        Reason.VPC_ENDPOINT_POLICY,
    }
)
"""Policies that limit who calls. If AWS blames one for a refused AssumeRole, it is Cavok's own: the
customer's trust policy and resource control policies limit who may be let in. Service control
policies do not affect callers from outside their organization. An explicit denial is left out: it
may name no policy. Source: IAM User Guide, "Cross-account policy evaluation logic"; Organizations
User Guide, "Service control policies (SCPs)".
"""

_POLICY_TYPES = (
    ("permissions boundary", Reason.PERMISSIONS_BOUNDARY),
    ("service control policy", Reason.SERVICE_CONTROL_POLICY),
    ("resource control policy", Reason.RESOURCE_CONTROL_POLICY),
    ("session policy", Reason.SESSION_POLICY),
    ("sessions policy", Reason.SESSION_POLICY),  # as the guide words the explicit denial
    ("VPC endpoint policy", Reason.VPC_ENDPOINT_POLICY),
    ("resource-based policy", Reason.RESOURCE_POLICY),
    ("role trust policy", Reason.RESOURCE_POLICY),
    ("identity-based policy", Reason.IDENTITY_POLICY),
)
_POLICY = "[A-Z -]+?(?:policy|boundary)"
_EXPLICIT = re.compile(
    f"with an explicit deny(?: in (?:an?|the) (?P<policy>{_POLICY})"
    f"(?: transitively through an? (?P<behind>{_POLICY}))?)?",
    re.I,
)
_IMPLICIT = re.compile(f"because no (?P<policy>{_POLICY}) allows", re.I)


def refusal_reason(message: str) -> Reason:
    """The policy type that an access-denied message names; `unstated` if it names none.

    An explicit deny in an identity policy, or in a policy that AWS does not name, is
    `explicit_deny`. An explicit deny in a boundary, SCP or session policy names that policy,
    because it must be fixed there. A denial "transitively through" another policy names that one.
    """
    message = message[:MAX_MESSAGE]
    if explicit := _EXPLICIT.search(message):
        blamed = _policy_type(explicit["behind"] or explicit["policy"] or "")
        return (
            Reason.EXPLICIT_DENY if blamed in (Reason.IDENTITY_POLICY, Reason.UNSTATED) else blamed
        )
    if implicit := _IMPLICIT.search(message):
        return _policy_type(implicit["policy"])
    return Reason.UNSTATED


def _policy_type(words: str) -> Reason:
    for phrase, reason in _POLICY_TYPES:
        if phrase.lower() in words.lower():
            return reason
    return Reason.UNSTATED
