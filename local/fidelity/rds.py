"""RDS."""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import rds

from local.fidelity.correction import corrects
from local.fidelity.iam import tag_of

_LISTED = {"DescribeDBInstances": "db", "DescribeDBClusters": "cluster"}


@corrects(iam_actions, "extract_resource_arn")
def name_all_databases_in_listings(original: Any, service: str, *request: Any) -> str:
    """A listing that names no database concerns `db:*` or `cluster:*`. A policy may allow it on
    `arn:aws:rds:*:*:db:*`; one on `db:dev-*` refuses it.

    The emulator says `*` of a listing.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
    https://github.com/awslabs/pireporter/issues/8 has the message.
    """
    arn: str = original(service, *request)
    *_, query_params, region, account_number = request
    action = iam_actions._query_param(query_params, "Action") if service == "rds" else ""
    if arn == "*" and action in _LISTED:
        return f"arn:aws:rds:{region}:{account_number}:{_LISTED[action]}:*"
    return arn


@corrects(iam_evaluator, "_resolve_condition_key")
def provide_the_tags_of_databases(original: Any, key: str, ctx: Any) -> Any:
    """Policies may have conditions on the tags of the database or cluster that a call names:
    `aws:ResourceTag/KEY`, and `rds:db-tag/KEY` or `rds:cluster-tag/KEY`.

    The emulator knows no tags of RDS, so such a policy refuses the tagged database too.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html#amazonrds-policy-keys
    """
    family, _, tag = key.partition("/")
    kind = ctx.resource_arn.split(":")[5] if ctx.resource_arn.startswith("arn:aws:rds:") else ""
    if kind and family.lower() in ("aws:resourcetag", f"rds:{kind}-tag"):
        return tag_of(rds._tags.get(ctx.resource_arn), tag)
    return original(key, ctx)
