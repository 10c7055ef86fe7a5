"""CloudFormation's custom resources whose provider listens to an SNS topic."""

from __future__ import annotations

import html
import json
import re
import secrets
import time
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from ministack import app
from ministack.core.responses import get_region
from ministack.services import cloudformation, sns
from ministack.services.cloudformation import custom_resource, stacks

from local.fidelity import clock
from local.fidelity.correction import Response, corrects

_SUBJECT = "AWS CloudFormation custom resource request"
_BUCKET = "cloudformation-custom-resource-response-"
_VALID_FOR = 7200
"""Seconds for which an address takes a response."""
_LONGEST_RESPONSE = 4096
"""Bytes."""
_LONGEST_ID = 1024
"""Bytes of a PhysicalResourceId."""

_signed: dict[str, tuple[str, float]] = {}
"""The signature of each address for a response, and when it ends, by its path."""
_refused_topics: set[tuple[str, str, str]] = set()
"""Stack ID, logical ID and ARN of each topic that a resource was not moved to."""
_failed_creations: dict[tuple[str, str], str] = {}
"""PhysicalResourceId of custom resources that were not created, by stack ID and logical ID."""


@dataclass(frozen=True)
class _Request:
    """What is asked of the provider, once."""

    request_type: str
    logical_id: str
    properties: dict[str, Any]
    stack_id: str
    resource_type: str
    physical_id: str | None
    old_properties: dict[str, Any] | None
    request_id: str

    @property
    def topic(self) -> str:
        return str(self.properties["ServiceToken"])

    def message(self, response_url: str) -> str:
        """In the order that CloudFormation has: github.com/remind101/empire,
        server/cloudformation/cloudformation_test.go, has one as it came.
        """
        plain = custom_resource._normalise_resource_properties
        fields = {
            "RequestType": self.request_type,
            "ServiceToken": self.topic,
            "ResponseURL": response_url,
            "StackId": self.stack_id,
            "RequestId": self.request_id,
            "LogicalResourceId": self.logical_id,
            "PhysicalResourceId": self.physical_id,
            "ResourceType": self.resource_type,
            "ResourceProperties": plain(self.properties),
            "OldResourceProperties": self.old_properties and plain(self.old_properties),
        }
        return json.dumps({name: value for name, value in fields.items() if value is not None})


@corrects(custom_resource, "invoke_custom_resource")
def ask_topics(original: Any, *asked: Any, **present: Any) -> tuple[str, dict[str, Any]]:
    """A `ServiceToken` may be an SNS topic of the stack's region, also one of another account whose
    policy lets whoever runs the stack publish. CloudFormation publishes the request and waits for
    the response at its address, for `ServiceTimeout` seconds. A resource keeps its ServiceToken.

    The emulator asks functions only.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources-sns.html
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
    """
    request_type, logical_id, properties, stack_name, stack_id, resource_type = asked
    token, old_properties = str(properties.get("ServiceToken", "")), present.get("old_props")
    if not token.startswith("arn:aws:sns:"):
        answer: tuple[str, dict[str, Any]] = original(*asked, **present)
        return answer
    old_token = (old_properties or properties)["ServiceToken"]
    if (stack_id, logical_id, old_token) in _refused_topics:
        # The rollback: nobody was asked to change anything.
        return str(present["physical_id"]), {}
    if old_token != token:
        _refused_topics.add((stack_id, logical_id, token))
        raise ValueError("Modifying service token is not allowed.")
    request = _Request(
        request_type=request_type,
        logical_id=logical_id,
        properties=properties,
        stack_id=stack_id,
        resource_type=resource_type,
        physical_id=present.get("physical_id"),
        old_properties=old_properties,
        request_id=str(uuid.uuid4()),
    )
    response = _response_to(request)
    given = _physical_id(response)
    error = response.get("Error") or _refusal(request, response, given)
    if error and request_type == "Create":
        _keep_what_was_not_created(request, given, stack_name)
    if error:
        raise RuntimeError(error)
    return str(given), response.get("Data") or {}


def _response_to(request: _Request) -> dict[str, Any]:
    """What the provider put to the address of its request. `Error` says why it is no response."""
    until = clock.now() + int(request.properties.get("ServiceTimeout", 3600))
    path, url = _address(request)
    arrived = custom_resource.register_token(path)
    try:
        _publish(request.topic, request.message(url))
        clock.wait(arrived, until)
    finally:
        with custom_resource._lock:
            body = custom_resource._pending.pop(path)["result"]
    return _read(body, request)


def _read(body: bytes | None, request: _Request) -> dict[str, Any]:
    if body is None:
        # The words are CloudFormation's, as its users report them.
        return {
            "Error": "CloudFormation did not receive a response from your Custom Resource. Please "
            f"check your logs for requestId [{request.request_id}]. If you are using the Python "
            "cfn-response module, you may need to update your Lambda function code so that "
            "CloudFormation can attach the updated version."
        }
    if len(body) > _LONGEST_RESPONSE:
        return {"Error": "Response object is too long."}
    try:
        response = json.loads(body)
    except ValueError:
        response = None
    asked = request.stack_id, request.request_id, request.logical_id
    named = "StackId", "RequestId", "LogicalResourceId"
    if not isinstance(response, dict) or tuple(map(response.get, named)) != asked:
        # AWS documents that these fields are required, and not what it says without them.
        return {"Error": "Invalid Response object."}
    return response


def _physical_id(response: dict[str, Any]) -> str | None:
    given = response.get("PhysicalResourceId")
    valid = isinstance(given, str) and 0 < len(given.encode()) <= _LONGEST_ID
    return str(given) if valid else None


def _refusal(request: _Request, response: dict[str, Any], given: str | None) -> str | None:
    if given is None:
        return "Invalid PhysicalResourceId"
    if response.get("Status") == "SUCCESS":
        return None
    return (
        f"Received response status [{response.get('Status')}] from custom resource. "
        f"Message returned: {response.get('Reason')} (RequestId: {request.request_id})"
    )


def _publish(topic_arn: str, message: str) -> None:
    """Publish as whoever runs the stack. Raises ValueError with what SNS answers."""
    _, error = sns._get_topic(topic_arn, "sns:Publish")
    if topic_arn.split(":")[3] != get_region():
        # The words: github.com/mozilla/cloudformation-cross-account-outputs/issues/5
        error = sns._error("InvalidParameter", "Invalid parameter: TopicArn", 400)
    if error:
        raise ValueError(_as_the_sdk_words_it(error))
    sns.publish_internal(topic_arn, message, _SUBJECT)


def _as_the_sdk_words_it(error: Response) -> str:
    status, _, body = error
    code, message, request_id = (
        html.unescape(re.findall(f"<{tag}>(.*?)</{tag}>", body.decode())[0])
        for tag in ("Code", "Message", "RequestId")
    )
    return (
        f"{message} (Service: AmazonSNS; Status Code: {status}; Error Code: {code}; "
        f"Request ID: {request_id})"
    )


def _address(request: _Request) -> tuple[str, str]:
    """The path and the URL of an object in a bucket of CloudFormation's that takes the response.

    On AWS the bucket is in the host: `BUCKET.s3.amazonaws.com` in us-east-1, else
    `BUCKET.s3.REGION.amazonaws.com`, or `BUCKET.s3-REGION.amazonaws.com` in the oldest regions.
    Here it is in the path, at the endpoint that functions have.
    """
    region = get_region()
    key = f"{request.stack_id}|{request.logical_id}|{request.request_id}"
    path = f"/{_BUCKET}{region.replace('-', '')}/{key}"
    day, moment = (time.strftime(form, time.gmtime()) for form in ("%Y%m%d", "%Y%m%dT%H%M%SZ"))
    signature = secrets.token_hex(32)
    _signed[path] = signature, clock.now() + _VALID_FOR
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": moment,
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Expires": _VALID_FOR,
        "X-Amz-Credential": f"AKIAIOSFODNN7EXAMPLE/{day}/{region}/s3/aws4_request",
        "X-Amz-Signature": signature,
    }
    return path, f"http://127.0.0.1:{custom_resource._PORT}{quote(path)}?{urlencode(query)}"


@corrects(app, "_handle_post_body_shortcuts")
async def take_responses(original: Any, method: str, path: str, *rest: Any) -> Response | None:
    """The address for a response is a presigned one of S3: it takes a PUT with its signature.

    The emulator's takes what anybody puts there.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/PresignedUrlUploadObject.html
    """
    if not path.startswith(f"/{_BUCKET}"):
        answer: Response | None = await original(method, path, *rest)
        return answer
    _, body, query, _ = rest
    signature, ends_at = _signed.get(path, ("", 0.0))
    if method != "PUT" or not signature or query.get("X-Amz-Signature") != [signature]:
        return _forbidden("SignatureDoesNotMatch", "The request signature does not match.")
    if clock.now() > ends_at:
        return _forbidden("AccessDenied", "Request has expired")
    custom_resource.deliver_response(path, body)
    return 200, {}, b""


def _forbidden(code: str, message: str) -> Response:
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return 403, {"Content-Type": "application/xml"}, error.encode()


def _keep_what_was_not_created(request: _Request, given: str | None, stack_name: str) -> None:
    """The stack has the resource, as CREATE_FAILED, with the ID of the response or a made one."""
    made = f"{stack_name}-{request.logical_id}-{secrets.token_hex(6).upper()}"
    _failed_creations[request.stack_id, request.logical_id] = given or made
    cloudformation._stacks[stack_name]["_resources"][request.logical_id] = {
        "PhysicalResourceId": given or made,
        "ResourceType": request.resource_type,
        "ResourceStatus": "CREATE_FAILED",
        "LogicalResourceId": request.logical_id,
        "Properties": request.properties,
        "Attributes": {},
        "Timestamp": stacks.now_iso(),
    }


@corrects(stacks, "_roll_back_operation")
async def delete_what_was_not_created(
    original: Any, stack_name: str, stack_id: str, stack: Any, operation: Any, *rest: Any
) -> None:
    """A provider that failed to create a resource, or did not answer, is asked to delete it when
    the stack rolls back. So CDK's framework marks such a resource, and ignores that request.

    The emulator does not ask.
    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.custom_resources-readme.html
    (“Important cases to handle”)
    """
    failed = operation.get("failed_logical_id")
    if _failed_creations.pop((stack_id, failed), None):
        operation = {**operation, "created": [*operation["created"], failed]}
    await original(stack_name, stack_id, stack, operation, *rest)
