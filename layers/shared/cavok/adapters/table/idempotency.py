"""The Idempotency-Keys of an organization, as Powertools stores them."""

from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

from cavok.adapters.table.keys import organization_pk

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def idempotency_keys(
    table_name: str, organization_id: str, client: "DynamoDBClient"
) -> DynamoDBPersistenceLayer:
    """One item a key, in the organization's partition. DynamoDB deletes it once it has expired."""
    return DynamoDBPersistenceLayer(
        table_name,
        key_attr="pk",
        static_pk_value=organization_pk(organization_id),
        sort_key_attr="sk",
        expiry_attr="expires_at",
        boto3_client=client,
    )
