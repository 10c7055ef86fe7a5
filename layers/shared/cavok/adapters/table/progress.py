"""Writing a running test's steps where the API reads them. It does not load PynamoDB, because the
functions that probe do not.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.config import Config

from cavok.adapters.aws_errors import AWS_ERRORS
from cavok.adapters.table import keys
from cavok.domain.steps import PROGRESS_KEPT_FOR, Step

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ONCE = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
"""A step that cannot be shown at once is shown at the end. No test waits longer for it."""


class Progress:
    """Shows steps that are finished while their test runs."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

    def show(self, verification_id: str, steps: Sequence[Step], now: datetime) -> bool:
        """Returns whether they could be written. If not, the test goes on without them."""
        item = {
            "pk": {"S": keys.progress_pk(verification_id)},
            "sk": {"S": keys.progress_sk(steps[0].step)},
            "steps": {"S": json.dumps([step.as_dict() for step in steps])},
            "expires_at": {"N": str(int((now + PROGRESS_KEPT_FOR).timestamp()))},
        }
        try:
            self._dynamodb.put_item(TableName=self._table_name, Item=item)
        except AWS_ERRORS:
            return False
        return True
