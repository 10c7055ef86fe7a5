"""Creating something once per Idempotency-Key, however often the client repeats the request."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from cavok import wiring
from cavok.adapters.table import keys
from cavok.domain.errors import Conflict, InvalidField

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

KEPT_SECONDS = 24 * 3600


def once(
    organization_id: str,
    key: str | None,
    body: BaseModel,
    create: Callable[[], str],
    lambda_context: "LambdaContext",
) -> str:
    """What `create` returned for the first request with this key in this organization. Without a
    key, calls `create`.

    Keys are kept for a day. Only a hash of the body is kept, and secrets are masked before it is
    taken. Raises InvalidField for a key that was used with another body, Conflict while the first
    request is still running.
    """
    if key is None:
        return create()
    from aws_lambda_powertools.utilities import idempotency
    from aws_lambda_powertools.utilities.idempotency import exceptions

    config = idempotency.IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="body",
        expires_after_seconds=KEPT_SECONDS,
        hash_function="sha256",
        lambda_context=lambda_context,
    )

    @idempotency.idempotent_function(  # type: ignore[untyped-decorator]
        data_keyword_argument="request",
        persistence_store=wiring.idempotency_keys(organization_id),
        config=config,
        key_prefix=keys.IDEMPOTENCY,
    )
    def run(*, request: dict[str, Any]) -> str:
        return create()

    try:
        return str(
            run(request={"key": key, "body": body.model_dump(mode="json", exclude_unset=True)})
        )
    except exceptions.IdempotencyValidationError:
        raise InvalidField(
            "Idempotency-Key", "This key was already used with another body."
        ) from None
    except exceptions.IdempotencyAlreadyInProgressError:
        raise Conflict("The first request with this Idempotency-Key is still running.") from None
