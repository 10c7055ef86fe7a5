"""S3."""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions

from local.fidelity.correction import corrects


@corrects(iam_actions, "s3_service_context")
def provide_the_if_none_match_key(
    original: Any, iam_action: str, query_params: Any, path: str = "", headers: Any = None
) -> dict[str, Any]:
    """Policies may have conditions on `s3:if-none-match`: the header of a PutObject that may only
    create. The emulator does not know it.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    """
    context: dict[str, Any] = original(iam_action, query_params, path, headers)
    header = (headers or {}).get("if-none-match")
    if iam_action != "s3:PutObject" or not header:
        return context
    return {**context, "s3:if-none-match": header}
