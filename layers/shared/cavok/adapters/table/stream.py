"""The table's stream: what one record says of an account, before and after.

Reads the images by hand: the function that publishes loads no PynamoDB for a dozen attributes.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cavok.domain.accounts import Issue, LastVerification, Outcome, Status
from cavok.domain.events import AccountVersion


def account_version(image: Mapping[str, Any] | None) -> AccountVersion | None:
    """An account item's image, its values deserialized. KeyError or ValueError for anything else;
    nothing for nothing.
    """
    if not image:
        return None
    last = None
    if image.get("last_verification_id"):
        last = LastVerification(
            image["last_verification_id"],
            Outcome(image["last_outcome"]),
            datetime.fromisoformat(image["last_finished_at"]),
        )
    return AccountVersion(
        organization_id=image["pk"].removeprefix("ORG#"),
        account_id=image["sk"].removeprefix("ACCOUNT#"),
        provider=image["provider"],
        account_number=image["provider_id"],
        name=image["name"],
        status=Status(image["status"]),
        issues=tuple(Issue(*fields) for fields in json.loads(image["issues"])),
        verification=last,
        version=int(image["version"]),
        at=datetime.fromisoformat(image["updated_at"]),
    )
