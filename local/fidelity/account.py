"""Account Management: regions that an account must opt in to."""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import account

from local.fidelity.correction import Response, corrects, replaces

_OPT_IN = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
    }
)

_enabled: set[tuple[str, str]] = set()
"""Account numbers and the opt-in regions that they turned on."""


@corrects(iam_evaluator, "authenticate")
def know_no_credentials_in_regions_that_are_off(
    original: Any, access_key_id: str, account_number: str
) -> Any:
    """A region that an account must opt in to, and did not, knows none of its credentials. EC2
    answers AuthFailure, RDS and the other Query APIs InvalidClientTokenId, JSON services
    UnrecognizedClientException, as for an unknown access key.

    The emulator serves every region to everybody.
    https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html
    https://github.com/turbot/steampipe-plugin-aws/issues/75 (EC2),
    https://github.com/boto/boto3/issues/2381 (RDS),
    https://github.com/aws/chalice/issues/1445 (JSON)
    """
    credential = original(access_key_id, account_number)
    if is_off(getattr(credential, "account_id", account_number), get_region()):
        unknown = iam_evaluator._unknown_access_key()
        return iam_evaluator.AuthError(unknown.code, unknown.message)
    return credential


def is_off(account_number: str, region: str) -> bool:
    """Whether the account must opt in to this region, and did not."""
    return region in _OPT_IN and (account_number, region) not in _enabled


@replaces(account, "_DISPATCH")
def enable_and_disable_regions(operations: dict[str, Any]) -> dict[str, Any]:
    """EnableRegion and DisableRegion, which take minutes on AWS. The emulator lacks both, and says
    that all are enabled.

    https://docs.aws.amazon.com/accounts/latest/reference/API_EnableRegion.html
    """

    def enable(payload: dict[str, Any]) -> Response:
        _enabled.add((get_account_id(), payload["RegionName"]))
        return account._json(200, {})  # type: ignore[no-any-return]

    def disable(payload: dict[str, Any]) -> Response:
        _enabled.discard((get_account_id(), payload["RegionName"]))
        return account._json(200, {})  # type: ignore[no-any-return]

    def status(payload: dict[str, Any]) -> Response:
        return account._json(200, _described(payload["RegionName"]))  # type: ignore[no-any-return]

    def listing(payload: dict[str, Any]) -> Response:
        wanted = payload.get("RegionOptStatusContains")
        found = [_described(region) for region in sorted({*account._REGIONS_LIST, *_OPT_IN})]
        regions = [each for each in found if not wanted or each["RegionOptStatus"] in wanted]
        return account._json(200, {"Regions": regions})  # type: ignore[no-any-return]

    return {
        **operations,
        "/enableRegion": enable,
        "/disableRegion": disable,
        "/getRegionOptStatus": status,
        "/listRegions": listing,
    }


def _described(region: str) -> dict[str, str]:
    status = "ENABLED" if region in _OPT_IN else "ENABLED_BY_DEFAULT"
    if is_off(get_account_id(), region):
        status = "DISABLED"
    return {"RegionName": region, "RegionOptStatus": status}
