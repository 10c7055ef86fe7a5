"""Creating once for an Idempotency-Key, however often the client asks."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from cavok import wiring
from cavok.adapters.table.items import organization_pk
from cavok.api.models import NewAccountBody
from cavok.domain.errors import Conflict, InvalidField

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

KEPT_SECONDS = 24 * 3600


@cache
def _dynamodb() -> Any:
    import boto3

    return boto3.client("dynamodb")


def once(
    organization_id: str,
    key: str | None,
    body: NewAccountBody,
    create: Callable[[], str],
    lambda_context: "LambdaContext",
) -> str:
    """What `create` returned the first time for this key in this organization; without a key, what
    it returns now.

    Keys are kept for a day. Of the body only a hash is kept, and secrets are masked before it is
    taken. Raises InvalidField for a key that was used with another body, Conflict while the first
    request still runs.
    """
    if key is None:
        return create()
    from aws_lambda_powertools.utilities import idempotency
    from aws_lambda_powertools.utilities.idempotency import exceptions

    store = idempotency.DynamoDBPersistenceLayer(
        wiring.setting("TABLE_NAME"),
        key_attr="pk",
        static_pk_value=organization_pk(organization_id),
        sort_key_attr="sk",
        expiry_attr="expires_at",
        boto3_client=_dynamodb(),
    )
    config = idempotency.IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="body",
        expires_after_seconds=KEPT_SECONDS,
        hash_function="sha256",
        lambda_context=lambda_context,
    )

    @idempotency.idempotent_function(  # type: ignore[untyped-decorator]
        data_keyword_argument="request",
        persistence_store=store,
        config=config,
        key_prefix="IDEMPOTENCY",
    )
    def run(*, request: dict[str, Any]) -> str:
        return create()

    try:
        return str(
            run(request={"key": key, "body": body.model_dump(mode="json", exclude_unset=True)})
        )
    except exceptions.IdempotencyValidationError:
        raise InvalidField(
            "Idempotency-Key", "This key was used for another account before."
        ) from None
    except exceptions.IdempotencyAlreadyInProgressError:
        raise Conflict("The first request with this Idempotency-Key is still running.") from None
