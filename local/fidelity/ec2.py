"""EC2."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_actions, iam_evaluator
from ministack.services import ec2, kms

from local.fidelity.correction import Response, corrects, replaces
from local.fidelity.iam import tag_of

Action = Callable[[dict[str, Any]], Response]

_PENDING_SECONDS = 1.0
"""How long an instance that cannot start is `pending`. On AWS some seconds."""

_falling_back: list[tuple[float, dict[str, Any]]] = []
"""Instances that are `pending` and will be `stopped`, and when."""


@replaces(ec2, "_ACTION_MAP")
def let_instances_fall_back_whose_volumes_cannot_be_decrypted(
    actions: dict[str, Action],
) -> dict[str, Action]:
    """To start an instance with volumes under a customer managed key, its caller needs
    `kms:CreateGrant` on that key, since EC2 makes a grant for EBS in the caller's name. Without it
    AWS accepts StartInstances; the instance is `pending`, then `stopped` again, for the state
    reason `Client.InternalError`.

    The emulator starts it, and does not keep the key that RunInstances or CreateVolume names.
    https://repost.aws/knowledge-center/kms-iam-ec2-permission
    https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html#ebs-encryption-permissions
    """

    def run(params: dict[str, Any]) -> Response:
        answer = actions["RunInstances"](params)
        for instance_id in re.findall(r"<instanceId>(i-\w+)<", answer[2].decode()):
            root = ec2._instances[instance_id]["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
            _encrypt(ec2._volumes[root], params, "BlockDeviceMapping.1.Ebs.")
        return answer

    def create_volume(params: dict[str, Any]) -> Response:
        answer = actions["CreateVolume"](params)
        for volume_id in re.findall(r"<volumeId>(vol-\w+)<", answer[2].decode()):
            _encrypt(ec2._volumes[volume_id], params, "")
        return answer

    def start(params: dict[str, Any]) -> Response:
        unable = [instance for instance in _stopped(params) if not _may_decrypt(instance)]
        status, headers, body = actions["StartInstances"](params)
        if status == 200:
            for instance in unable:
                body = _pending(instance, body)
        return status, headers, body

    return {**actions, "RunInstances": run, "CreateVolume": create_volume, "StartInstances": start}


def _encrypt(volume: dict[str, Any], params: dict[str, Any], prefix: str) -> None:
    if str(ec2._p(params, f"{prefix}Encrypted")).lower() == "true":
        volume.update(Encrypted=True, KmsKeyId=ec2._p(params, f"{prefix}KmsKeyId") or "")


def _stopped(params: dict[str, Any]) -> list[dict[str, Any]]:
    """The instances that StartInstances will start."""
    named = [ec2._instances.get(name) for name in ec2._parse_member_list(params, "InstanceId")]
    return [found for found in named if found and found["State"]["Name"] == "stopped"]


def _may_decrypt(instance: dict[str, Any]) -> bool:
    """Whether the caller may create the grants that this instance's volumes need."""
    caller = iam_evaluator._verified_key.get()
    # Keys are verified for all callers but an account's root, who may do everything.
    if not caller:
        return True
    region = ec2.get_region()
    context = {
        "kms:GrantIsForAWSResource": "true",
        "kms:ViaService": f"ec2.{region}.amazonaws.com",
    }
    keys = {
        volume["KmsKeyId"]
        for volume in ec2._volumes.values()
        for attachment in volume["Attachments"]
        if attachment["InstanceId"] == instance["InstanceId"] and volume.get("KmsKeyId")
    }
    return not any(
        iam_evaluator.enforce(caller, "kms:CreateGrant", "kms", region, key["Arn"], context)
        for key in map(kms._resolve_key, keys)
        if key
    )


def _pending(instance: dict[str, Any], body: bytes) -> bytes:
    """Let the instance fall back soon, and answer until then that it is `pending`."""
    instance["State"] = {"Code": 0, "Name": "pending"}
    _falling_back.append((time.monotonic() + _PENDING_SECONDS, instance))
    running = rf"(<instanceId>{instance['InstanceId']}<.*?<currentState>).*?(</currentState>)"
    pending = r"\1<code>0</code><name>pending</name>\2"
    return re.sub(running, pending, body.decode(), flags=re.DOTALL).encode()


@corrects(ec2, "handle_request")
async def _fall_back_in_time(original: Any, *request: Any) -> Response:
    for due in [falling for falling in _falling_back if falling[0] <= time.monotonic()]:
        _falling_back.remove(due)
        if due[1]["State"]["Name"] == "pending":
            due[1]["State"] = {"Code": 80, "Name": "stopped"}
            due[1]["StateReason"] = {
                "Code": "Client.InternalError",
                "Message": "Client.InternalError: Client error on launch",
            }
    return await original(*request)  # type: ignore[no-any-return]


@corrects(ec2, "_instance_xml")
def _describe_the_state_reason(original: Any, instance: dict[str, Any]) -> str:
    described: str = original(instance)
    reason = instance.get("StateReason")
    if not reason or instance["State"]["Name"] != "stopped":
        return described
    state_reason = f"<code>{reason['Code']}</code><message>{reason['Message']}</message>"
    return described.replace("<imageId>", f"<stateReason>{state_reason}</stateReason><imageId>", 1)


@corrects(ec2, "handle_request")
async def honor_dry_run(original: Any, *request: Any) -> Response:
    """AWS never acts when `DryRun` is true: it answers `DryRunOperation` (HTTP 412).

    The emulator ignores the flag, so a dry-run StopInstances stops the instance. It has checked
    authorization before this function is called. An absent instance is
    `InvalidInstanceID.NotFound`; AWS does not document whether that or the dry run is answered
    first, so the probes treat it as inconclusive.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html
    """
    _method, _path, _headers, body, query = request
    params = {**query, **parse_qs(body.decode("utf-8", "replace"))}
    if params.get("DryRun", [""])[0].lower() != "true":
        return await original(*request)  # type: ignore[no-any-return]
    named = [values[0] for key, values in params.items() if key.startswith("InstanceId.")]
    for instance_id in named:
        if instance_id not in ec2._instances:
            message = f"The instance ID '{instance_id}' does not exist"
            return ec2._error("InvalidInstanceID.NotFound", message, 400)  # type: ignore[no-any-return]
    message = "Request would have succeeded, but DryRun flag is set."
    return ec2._error("DryRunOperation", message, 412)  # type: ignore[no-any-return]


@corrects(iam_actions, "verified_access_resource_arns")
def authorize_every_instance_that_a_call_names(
    original: Any, params: dict[str, Any], region: str, account_number: str
) -> list[str]:
    """A call that names several instances is refused if it is not allowed for each of them, and the
    denial names one that it is not allowed for.

    The emulator looks at the first alone. It takes from this function the further resources of a
    request to EC2, after the first.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    if params.get("Action", [""])[0] in _LISTINGS:
        return [*original(params, region, account_number)]
    named = [params[key][0] for key in params if key.startswith("InstanceId.")]
    arns = [f"arn:aws:ec2:{region}:{account_number}:instance/{named_id}" for named_id in named]
    return [*original(params, region, account_number), *arns]


_LISTINGS = frozenset({"DescribeInstances", "DescribeInstanceStatus"})


@corrects(iam_actions, "extract_resource_arn")
def name_no_instance_in_listings(original: Any, service: str, *request: Any) -> str:
    """A listing cannot be limited to a resource, so a policy must allow it on `*`.

    The emulator takes the instance that it names.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    """
    *_, query_params, _region, _account_number = request
    if service == "ec2" and iam_actions._query_param(query_params, "Action") in _LISTINGS:
        return "*"
    return original(service, *request)  # type: ignore[no-any-return]


@corrects(iam_evaluator, "_resolve_condition_key")
def provide_the_tags_of_instances(original: Any, key: str, ctx: Any) -> Any:
    """Policies may have conditions on the tags of the instance that a call names:
    `aws:ResourceTag/KEY` and `ec2:ResourceTag/KEY`; and on `ec2:Region`.

    The emulator knows no tags of EC2, so such a policy refuses the tagged instance too.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-policy-keys
    """
    family, _, tag = key.partition("/")
    if key.lower() == "ec2:region":
        return ctx.region
    prefix, _, instance_id = ctx.resource_arn.partition(":instance/")
    if not prefix.startswith("arn:aws:ec2:") or not instance_id:
        return original(key, ctx)
    if family.lower() in ("aws:resourcetag", "ec2:resourcetag"):
        return tag_of(ec2._tags.get(instance_id), tag)
    return original(key, ctx)
