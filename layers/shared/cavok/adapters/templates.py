"""The customers' CloudFormation templates in S3, where the CloudFormation console can read them."""

from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cavok.domain.enrollment_templates import TEMPLATE_NAME
from cavok.domain.instructions import HOLDERS, installed

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client

LINK_SECONDS = 3600
"""How long a presigned address works: an hour, or until the function's own session expires."""

FILES = Path(__file__).parents[1] / "templates"
TEMPLATE_NAMES = {
    access_type: next(FILES.glob(f"{holder}-v*.yaml")).stem
    for access_type, holder in HOLDERS.items()
}
ENROLLMENT_TEMPLATE = next(FILES.glob(f"{TEMPLATE_NAME}-v*.yaml")).stem
"""Names of the templates that links open. Each ships as a file, which `make catalog` writes. A
published template never changes: a new text gets a new number. The bucket keeps the old ones.
"""


class TemplateDiffers(Exception):
    """The bucket has a template of this name with another text. No link to it is handed out."""


def address_config(*, public: bool) -> "Config":
    """Configures the S3 client that makes the templates' addresses: unsigned if anybody may read
    them.

    An address names the host of the bucket's region. The global host takes a day to know a new
    bucket, and never knows buckets of regions launched after March 2019. Source: S3 User Guide,
    "Request routing".
    """
    from botocore import UNSIGNED
    from botocore.config import Config

    return Config(
        signature_version=UNSIGNED if public else "s3v4",
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
    )


class Templates:
    """Publishes the templates of `cavok/templates/` under their names, and never replaces one.

    addresses           an S3 client made with `address_config`.
    trusted_account_id  Cavok's account that they trust.
    topic               the ARN of the topic to which their stacks speak; empty if there is none.

    Installations may share a bucket, so names contain what they do not share.
    """

    def __init__(
        self,
        s3: "S3Client",
        addresses: "S3Client",
        bucket: str,
        trusted_account_id: str,
        topic: str = "",
    ) -> None:
        self._s3 = s3
        self._addresses = addresses
        self._bucket = bucket
        self._trusted_account_id = trusted_account_id
        self._topic = topic
        self._published: set[str] = set()

    def address_of(self, name: str) -> str:
        """The URL of a template, such as `role-v2`. Publishes it if nobody has. Raises
        TemplateDiffers.
        """
        place = "/".join(filter(None, [self._trusted_account_id, self._topic.rpartition(":")[2]]))
        key = f"connect/{place}/{name}.yaml"
        if name not in self._published:
            file = FILES / f"{name}.yaml"
            text = installed(file.read_text(), self._trusted_account_id, self._topic)
            self._publish(key, text.encode())
            self._published.add(name)
        return self._addresses.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=LINK_SECONDS
        )

    def _publish(self, key: str, text: bytes) -> None:
        try:
            self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=text, ContentType="text/yaml", IfNoneMatch="*"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _TAKEN:
                raise
            if self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read() != text:
                raise TemplateDiffers(f"{key} in {self._bucket}") from None


_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")
"""Somebody published it before, or at this moment. Source: S3 User Guide, "Conditional writes"."""
