"""The customers' CloudFormation templates in S3, where the CloudFormation console can read them."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LINK_SECONDS = 3600
"""An hour. A link also expires with the function's own session, which lasts longer."""


class Templates:
    """Stores a template under the hash of its text, so that a link always shows the template it was
    made for.
    """

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._stored: set[str] = set()

    def publish(self, template: str) -> str:
        """Stores the template, and returns its presigned URL, valid for an hour."""
        key = f"connect/{hashlib.sha256(template.encode()).hexdigest()[:32]}.json"
        if key not in self._stored:
            self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=template.encode(), ContentType="application/json"
            )
            self._stored.add(key)
        return self._s3.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=LINK_SECONDS
        )
