"""Where the embedded AWS answers otherwise than AWS does, and this system would notice: corrected
here.

The emulator is ministack 1.5.33 (`requirements/emulator.in`). Each function below closes one gap by
wrapping the emulator's own function in place; each names the AWS documentation that says how AWS
behaves. A wrap whose target is not there fails at start with `GapMoved`, because a correction that
silently stops applying would let a test pass that AWS fails (an ignored dry run *stops the
instance*).
"""

from __future__ import annotations

import base64
import contextvars
import functools
import hashlib
import json
import secrets
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_actions, iam_evaluator, lambda_runtime, responses
from ministack.services import (
    cloudwatch,
    cloudwatch_logs,
    cognito,
    ec2,
    lambda_svc,
    stepfunctions,
)

Answer = tuple[int, dict[str, str], bytes]


class GapMoved(Exception):
    """The emulator no longer has the function or text that a correction applies to."""


def apply_all() -> None:
    """Apply every correction. Call once, before the emulator serves its first request."""
    honour_dry_run()
    name_the_policy_that_refused()
    resolve_principal_arn_to_the_role()
    take_loopback_for_tls()
    know_the_kms_encryption_context()
    know_the_sources_of_events()
    know_the_group_of_a_schedule()
    know_the_stream_of_a_log()
    report_lambda_errors_by_class()
    answer_an_empty_body()
    time_executions_out()
    keep_aborted_executions_aborted()
    batch_the_items_of_a_distributed_map()
    split_and_give_up_batches_of_a_stream()
    take_metrics_from_log_lines()
    tell_metrics_apart_by_their_dimensions()
    protect_user_attributes()
    share_unpacked_layers()


def _wrap(module: ModuleType, name: str, make: Callable[[Any], Callable[..., Any]]) -> None:
    original = getattr(module, name, None)
    if original is None:
        raise GapMoved(
            f"{module.__name__}.{name} is gone: local/fidelity.py fits ministack 1.5.33 only"
        )
    setattr(module, name, functools.wraps(original)(make(original)))


def honour_dry_run() -> None:
    """`DryRun=true` on EC2 never acts: `DryRunOperation` (412) for an instance that exists.

    Authorization has been checked before the wrapped function is called, so a refused caller has
    already had `UnauthorizedOperation`. An absent instance is `InvalidInstanceID.NotFound`; AWS
    does not document whether that or the dry run's answer comes first, which is why a probe treats
    it as inconclusive.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html
    """

    def make(original: Any) -> Any:
        async def handle_request(
            method: str,
            path: str,
            headers: dict[str, str],
            body: bytes,
            query: dict[str, list[str]],
        ) -> Answer:
            params = {**query, **parse_qs(body.decode("utf-8", "replace"))}
            if params.get("DryRun", [""])[0].lower() != "true":
                return await original(method, path, headers, body, query)  # type: ignore[no-any-return]
            named = [v[0] for k, v in params.items() if k.startswith("InstanceId.")]
            for instance_id in named:
                if instance_id not in ec2._instances:
                    message = f"The instance ID '{instance_id}' does not exist"
                    return ec2._error("InvalidInstanceID.NotFound", message, 400)  # type: ignore[no-any-return]
            message = "Request would have succeeded, but DryRun flag is set."
            return ec2._error("DryRunOperation", message, 412)  # type: ignore[no-any-return]

        return handle_request

    _wrap(ec2, "handle_request", make)


class _Limit(list[Any]):
    """One layer of statements that limits an identity, and the kind of policy it is."""

    def __init__(self, kind: str, layer: list[Any]) -> None:
        super().__init__(layer)
        self.kind = kind


_refused_by: contextvars.ContextVar[str] = contextvars.ContextVar(
    "refused_by", default="identity-based policy"
)


def name_the_policy_that_refused() -> None:
    """An access-denied message names the kind of policy that refused, and the resource.

    The emulator enforces permissions boundaries and session policies, but says "no identity-based
    policy" of each.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """

    def limits_of(kind: str) -> Callable[[Any], Callable[..., Any]]:
        return lambda original: lambda *args: [_Limit(kind, layer) for layer in original(*args)]

    def make_evaluate(original: Any) -> Any:
        def evaluate(ctx: Any, policies: list[Any], *limits: list[Any]) -> Any:
            result = original(ctx, policies, *limits)
            if result.decision != "Allow":
                _refused_by.set(_kind_that_refused(ctx, policies, limits, result.decision))
            return result

        return evaluate

    def make_response(original: Any) -> Any:
        def access_denied_response(
            service: str, action: str, principal_arn: str, request_id: str, **kwargs: Any
        ) -> Answer:
            status, headers, body = original(service, action, principal_arn, request_id, **kwargs)
            if not kwargs.get("error_code") and not kwargs.get("message"):
                body = _reworded(
                    body.decode(), service, action, kwargs.get("resource_arn", "*")
                ).encode()
            return status, headers, body

        return access_denied_response

    _wrap(iam_evaluator, "_permissions_boundary", limits_of("permissions boundary"))
    _wrap(iam_evaluator, "_session_policy_limits", limits_of("session policy"))
    _wrap(iam_evaluator, "evaluate", make_evaluate)
    _wrap(iam_actions, "access_denied_response", make_response)


def _kind_that_refused(
    ctx: Any, policies: list[Any], limits: tuple[list[Any], ...], decision: str
) -> str:
    layers = [_Limit("identity-based policy", policies), *limits]
    for layer in layers:
        matches = iam_evaluator._first_match(
            ctx, [s for policy in layer for s in policy], "Deny" if decision == "Deny" else "Allow"
        )
        if bool(matches) == (decision == "Deny"):
            return getattr(layer, "kind", "identity-based policy")
    return "identity-based policy"


def _reworded(body: str, service: str, action: str, resource_arn: str) -> str:
    kind = _refused_by.get()
    article = "an identity" if kind.startswith("identity") else f"a {kind.split()[0]}"
    rest = (
        kind.removeprefix("identity")
        if kind.startswith("identity")
        else f" {kind.split(' ', 1)[1]}"
    )
    body = body.replace("no identity-based policy allows", f"no {kind} allows")
    body = body.replace(
        "explicit deny in an identity-based policy", f"explicit deny in {article}{rest}"
    )
    performed = f"is not authorized to perform: {action}"
    if f"{performed} on resource" not in body:
        body = body.replace(performed, f"{performed} on resource: {resource_arn}")
    if service == "ec2":
        # EC2 hides the details of a refusal in a token that only sts:DecodeAuthorizationMessage
        # reads.
        encoded = secrets.token_urlsafe(96)
        body = body.replace(
            "<Message>User:", "<Message>You are not authorized to perform this operation. User:"
        )
        body = body.replace(
            "</Message>", f". Encoded authorization failure message: {encoded}</Message>"
        )
    return body


def resolve_principal_arn_to_the_role() -> None:
    """`aws:PrincipalArn` of a role session is the ARN of the role, not of the session.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """

    def make(original: Any) -> Any:
        def resolve(key: str, ctx: Any) -> Any:
            value = original(key, ctx)
            if key.lower() != "aws:principalarn" or ":assumed-role/" not in value:
                return value
            account, role = value.split(":")[4], value.split("/")[1]
            return f"arn:aws:iam::{account}:role/{role}"

        return resolve

    _wrap(iam_evaluator, "_resolve_condition_key", make)


def take_loopback_for_tls() -> None:
    """`aws:SecureTransport` is true: HTTP on loopback stands for the TLS that AWS is reached by.

    Without it a policy that refuses what is not TLS, as a bucket's should, would refuse everything.
    """

    def make(original: Any) -> Any:
        def resolve(key: str, ctx: Any) -> Any:
            return "true" if key.lower() == "aws:securetransport" else original(key, ctx)

        return resolve

    _wrap(iam_evaluator, "_resolve_condition_key", make)


def know_the_kms_encryption_context() -> None:
    """Policies may condition on `kms:EncryptionContext:<key>` and `kms:EncryptionContextKeys`.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context
    """

    def make(original: Any) -> Any:
        def request_tag_context(
            service: str, action: str, body: bytes, params: Any
        ) -> dict[str, Any]:
            context: dict[str, Any] = original(service, action, body, params)
            if service != "kms":
                return context
            given: dict[str, str] = json.loads(body or b"{}").get("EncryptionContext") or {}
            named = {f"kms:EncryptionContext:{key}": value for key, value in given.items()}
            return {
                **context,
                **named,
                **({"kms:EncryptionContextKeys": list(given)} if given else {}),
            }

        return request_tag_context

    _wrap(iam_actions, "request_tag_context", make)


def know_the_sources_of_events() -> None:
    """Policies may condition `events:PutEvents` on `events:source`, the sources of its entries.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
    """

    def make(original: Any) -> Any:
        def request_tag_context(
            service: str, action: str, body: bytes, params: Any
        ) -> dict[str, Any]:
            context: dict[str, Any] = original(service, action, body, params)
            if service != "events" or not action.endswith("PutEvents"):
                return context
            entries = json.loads(body or b"{}").get("Entries") or []
            return {**context, "events:source": sorted({entry["Source"] for entry in entries})}

        return request_tag_context

    _wrap(iam_actions, "request_tag_context", make)


def know_the_group_of_a_schedule() -> None:
    """The ARN of a schedule names its group; the emulator says `default` of each.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html
    """

    def make(original: Any) -> Any:
        def extract_resource_arn(service: str, *request: Any) -> str:
            arn: str = original(service, *request)
            _, _, _, body, query_params, *_ = request
            if service != "scheduler" or ":schedule/default/" not in arn:
                return arn
            named = query_params.get("groupName") or json.loads(body or b"{}").get("GroupName")
            group = named[0] if isinstance(named, list) else named
            return arn.replace(":schedule/default/", f":schedule/{group or 'default'}/")

        return extract_resource_arn

    _wrap(iam_actions, "extract_resource_arn", make)


def know_the_stream_of_a_log() -> None:
    """What is done to a log group is done to `log-group:NAME:log-stream:…`, so that policies name
    `log-group:NAME:*`; the emulator says `log-group:NAME`. Tags alone are those of the group.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    """

    def make(original: Any) -> Any:
        def extract_resource_arn(service: str, *request: Any) -> str:
            arn: str = original(service, *request)
            _, _, _, body, *_ = request
            named = json.loads(body or b"{}") if service == "logs" else {}
            if not named.get("logGroupName"):
                return arn
            return f"{arn}:log-stream:{named.get('logStreamName', '')}"

        return extract_resource_arn

    _wrap(iam_actions, "extract_resource_arn", make)


_invocation = threading.local()

# Lines of the worker script that the emulator writes for each function.
_UNCLASSIFIED = (
    '_real_stdout.write(json.dumps({"status": "error", "error": str(e), '
    '"trace": traceback.format_exc()}) + "\\n")'
)
_CLASSIFIED = """traceback.print_exc()
            raised = {"errorMessage": str(e), "errorType": type(e).__name__,
                      "requestId": context.aws_request_id,
                      "stackTrace": traceback.format_tb(e.__traceback__)}
            answer = {"status": "ok", "result": None, "raised": raised}
            _real_stdout.write(json.dumps(answer) + "\\n")"""


def report_lambda_errors_by_class() -> None:
    """A function that raises reports its exception's class as `errorType`, and stays warm.

    The emulator says `Runtime.HandlerError` of every exception, so that no `ErrorEquals` in a
    workflow would match, and ends the process, so that each error is followed by a cold start.
    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    if _UNCLASSIFIED not in lambda_runtime._PYTHON_WORKER_SCRIPT:
        raise GapMoved(
            "the Python worker script of ministack is not the one that local/fidelity.py corrects"
        )
    lambda_runtime._PYTHON_WORKER_SCRIPT = lambda_runtime._PYTHON_WORKER_SCRIPT.replace(
        _UNCLASSIFIED, _CLASSIFIED
    )
    invoke = lambda_runtime.Worker.invoke

    def remember_what_was_raised(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = invoke(self, *args, **kwargs)
        _invocation.raised = result.get("raised")
        return result

    def make(original: Any) -> Any:
        def execute(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
            _invocation.raised = None
            outcome: dict[str, Any] = original(func, event, request_id)
            if _invocation.raised is None:
                return outcome
            return {"body": _invocation.raised, "error": True, "log": outcome.get("log", "")}

        return execute

    lambda_runtime.Worker.invoke = remember_what_was_raised
    _wrap(lambda_svc, "_execute_function_warm", make)


def answer_an_empty_body() -> None:
    """A function may answer the HTTP API with `"body": null`, as for a 204.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """

    def make(original: Any) -> Any:
        def to_response(result: dict[str, Any]) -> tuple[dict[str, Any], Any]:
            response, rest = original(result)
            return ({**response, "body": ""} if response.get("body") is None else response), rest

        return to_response

    _wrap(lambda_svc, "lambda_execute_result_to_api_proxy_response", make)


def time_executions_out() -> None:
    """A state machine's `TimeoutSeconds` ends its execution as `TIMED_OUT`, with an event on the
    bus.

    https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
    """

    def time_out(execution_arn: str) -> None:
        execution = stepfunctions._executions.get(execution_arn)
        if execution is None or execution["status"] != "RUNNING":
            return
        execution.update(
            status="TIMED_OUT", stopDate=stepfunctions.now_iso(), error="States.Timeout", cause=None
        )
        stepfunctions._add_event(
            execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}}
        )
        stepfunctions._emit_execution_status_event(execution)

    def make(original: Any) -> Any:
        def run(execution_arn: str) -> None:
            execution = stepfunctions._executions.get(execution_arn) or {}
            machine = stepfunctions._state_machines.get(execution.get("stateMachineArn")) or {}
            seconds = json.loads(machine.get("definition") or "{}").get("TimeoutSeconds")
            if not seconds:
                return original(execution_arn)  # type: ignore[no-any-return]
            # The account and region of a request live in context variables, which a new thread does
            # not inherit.
            scope = contextvars.copy_context()
            timer = threading.Timer(seconds, scope.run, (time_out, execution_arn))
            timer.daemon = True
            timer.start()
            try:
                return original(execution_arn)  # type: ignore[no-any-return]
            finally:
                timer.cancel()

        return run

    _wrap(stepfunctions, "_run_execution", make)


def keep_aborted_executions_aborted() -> None:
    """A task that fails after its execution was stopped does not turn `ABORTED` into `FAILED`.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html
    """

    def make(original: Any) -> Any:
        def fail(execution: dict[str, Any], error: str, cause: str) -> None:
            if execution["status"] == "RUNNING":
                original(execution, error, cause)

        return fail

    _wrap(stepfunctions, "_fail_execution", make)


def batch_the_items_of_a_distributed_map() -> None:
    """A Distributed Map honours `ItemBatcher` and `MaxConcurrencyPath`; its map run counts items as
    items and batches as executions.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
    """

    def make(original: Any) -> Any:
        def run(
            definition: dict[str, Any], raw: Any, effective: Any, iterator: Any, *scope: Any
        ) -> Any:
            execution, ctx = scope
            state = dict(definition)
            if path := state.pop("MaxConcurrencyPath", None):
                state["MaxConcurrency"] = stepfunctions._resolve_path_or_ctx(path, effective, ctx)
            batcher = state.pop("ItemBatcher", {})
            size = batcher.get("MaxItemsPerBatch")
            if path := batcher.get("MaxItemsPerBatchPath"):
                size = stepfunctions._resolve_path_or_ctx(path, effective, ctx)
            if not size:
                return original(state, raw, effective, iterator, *scope)
            items = stepfunctions._resolve_path_or_ctx(state["ItemsPath"], effective, ctx)
            batches = [{"Items": items[at : at + size]} for at in range(0, len(items), size)]
            before = set(stepfunctions._map_runs)
            try:
                return original({**state, "ItemsPath": "$"}, raw, batches, iterator, *scope)
            finally:
                _count_items(execution["executionArn"], before, batches)

        return run

    _wrap(stepfunctions, "_run_distributed_map", make)


def _count_items(execution_arn: str, before: set[str], batches: list[dict[str, Any]]) -> None:
    """Puts items where the emulator counted batches: all of a batch have the batch's outcome."""
    for arn, run in list(stepfunctions._map_runs.items()):
        if arn in before or run["executionArn"] != execution_arn:
            continue
        counts = dict.fromkeys(run["itemCounts"], 0)
        outcomes = {"SUCCEEDED": "succeeded", "FAILED": "failed"}
        for child in list(stepfunctions._executions.values()):
            if child.get("mapRunArn") == arn:
                items = len(json.loads(child["input"])["Items"])
                counts[outcomes[child["status"]]] += items
        run["itemCounts"] = {**counts, "total": sum(len(batch["Items"]) for batch in batches)}


_stream = threading.local()

_PAUSE = 0.05
"""Seconds between two tries of a batch of a stream. AWS waits longer and longer."""


def split_and_give_up_batches_of_a_stream() -> None:
    """A batch of a table's stream that fails is taken up again at the first record that failed,
    split in halves, and after `MaximumRetryAttempts` told to the on-failure destination, so that
    what lies behind it goes on. The emulator tries it for ever, whole.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """

    def make_poll(original: Any) -> Any:
        def poll() -> Any:
            _stream.polled = True
            try:
                return original()
            finally:
                _stream.polled = False

        return poll

    def make_filter(original: Any) -> Any:
        def apply(records: list[Any], mapping: dict[str, Any]) -> Any:
            _stream.mapping = mapping
            return original(records, mapping)

        return apply

    def make_execute(original: Any) -> Any:
        def execute(function: dict[str, Any], event: Any, *rest: Any) -> Any:
            if not getattr(_stream, "polled", False) or rest:
                return original(function, event, *rest)
            return _delivered(original, function, event["Records"], _stream.mapping)

        return execute

    _wrap(lambda_svc, "_poll_dynamodb_streams", make_poll)
    _wrap(lambda_svc, "_apply_filter_criteria", make_filter)
    _wrap(lambda_svc, "_execute_function", make_execute)


def _delivered(
    invoke: Callable[..., Any], function: dict[str, Any], records: list[Any], mapping: Any
) -> dict[str, Any]:
    """What became of these records, when all of them were taken or given up."""
    tries, most = 0, mapping.get("MaximumRetryAttempts", -1)
    while True:
        result: dict[str, Any] = invoke(function, {"Records": records})
        left = _not_taken(result, records)
        if not left or most < 0:
            return result
        if len(left) < len(records):
            records, tries = left, 0
        elif mapping.get("BisectBatchOnFunctionError") and len(left) > 1:
            middle = len(left) // 2
            _delivered(invoke, function, left[:middle], mapping)
            records, tries = left[middle:], 0
        elif tries < most:
            tries += 1
            threading.Event().wait(_PAUSE)
        else:
            lambda_svc._send_ddb_stream_failure_record(
                mapping, function, left, mapping["EventSourceArn"], result, "RetryAttemptsExhausted"
            )
            return {"body": {}}


def _not_taken(result: dict[str, Any], records: list[Any]) -> list[Any]:
    """The records from the first one on that failed."""
    if result.get("error"):
        return records
    body = result.get("body") or {}
    answer = json.loads(body) if isinstance(body, str) else body
    failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])}
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    first = next((at for at, number in enumerate(numbers) if number in failed), len(records))
    return records[first:]


def take_metrics_from_log_lines() -> None:
    """A log line in the Embedded Metric Format becomes the metrics that it describes, and alarms
    look at them.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """

    def make(original: Any) -> Any:
        def append(stream: Any, events: list[dict[str, Any]]) -> Any:
            original(stream, events)
            lines = (event["message"] for event in events)
            described = [line for line in lines if line.startswith('{"_aws"')]
            for line in described:
                _take_metrics(json.loads(line))
            if described:
                cloudwatch._evaluate_all_alarms()

        return append

    _wrap(cloudwatch_logs, "_append_log_events", make)


def _take_metrics(line: dict[str, Any]) -> None:
    at = line["_aws"]["Timestamp"] / 1000
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: line[name] for name in names}
            for metric in directive["Metrics"]:
                value = line[metric["Name"]]
                values = value if isinstance(value, list) else [value]
                cloudwatch._store_datum(
                    directive["Namespace"],
                    metric["Name"],
                    dimensions,
                    at,
                    metric.get("Unit", "None"),
                    None,
                    values,
                    None,
                    None,
                )


_alarm: contextvars.ContextVar[dict[str, str] | None] = contextvars.ContextVar(
    "alarm", default=None
)


def tell_metrics_apart_by_their_dimensions() -> None:
    """An alarm watches the metric with exactly its dimensions, not every one of the same name.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Dimension
    """

    def make_evaluate(original: Any) -> Any:
        def evaluate(alarm: dict[str, Any]) -> Any:
            watched = _alarm.set(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
            try:
                return original(alarm)
            finally:
                _alarm.reset(watched)

        return evaluate

    def make_statistics(original: Any) -> Any:
        def statistics(points: list[dict[str, Any]]) -> Any:
            watched = _alarm.get()
            return original(
                points if watched is None else [p for p in points if p["Dimensions"] == watched]
            )

        return statistics

    _wrap(cloudwatch, "_evaluate_alarm", make_evaluate)
    _wrap(cloudwatch, "_calc_stats", make_statistics)


def protect_user_attributes() -> None:
    """A signed-in user may only write the attributes that the app client lists, so never their
    organization.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
    """

    def make(original: Any) -> Any:
        def update(data: dict[str, Any]) -> Answer:
            token = data.get("AccessToken", "")
            _user, pool = cognito._user_pool_for_access_token(token)
            if pool:
                client = pool["_clients"].get(_claims(token).get("client_id"), {})
                written = {attribute["Name"] for attribute in data.get("UserAttributes", [])}
                if client.get("WriteAttributes") and not written <= set(client["WriteAttributes"]):
                    return responses.error_response_json(  # type: ignore[no-any-return]
                        "NotAuthorizedException",
                        "A client attempted to write unauthorized attribute",
                        400,
                    )
            return original(data)  # type: ignore[no-any-return]

        return update

    _wrap(cognito, "_update_user_attributes", make)


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return claims


_unpacking = threading.Lock()


class _UnpackedOnce(zipfile.ZipFile):
    """A zip file whose content is unpacked once; whoever unpacks it again gets a link to that."""

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        content = Path(str(self.filename)).read_bytes()
        shared = Path(tempfile.gettempdir(), "unpacked", hashlib.sha256(content).hexdigest())
        with _unpacking:
            if not shared.exists():
                partial = shared.with_suffix(".partial")
                super().extractall(partial)
                partial.rename(shared)
        Path(path).rmdir()
        Path(path).symlink_to(shared)


def share_unpacked_layers() -> None:
    """A function's code and layers are unpacked once, for all of its execution environments.

    The emulator unpacks them for each environment, so that each cold start compiles the layer's
    Python again: 0.9 s of CPU instead of 0.45 s, and as much again in the emulator itself. AWS
    mounts them, read-only, under /opt.
    https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
    """
    sharing = ModuleType("zipfile")
    sharing.__dict__.update(zipfile.__dict__)
    sharing.__dict__["ZipFile"] = _UnpackedOnce
    if getattr(lambda_runtime, "zipfile", None) is not zipfile:
        raise GapMoved("ministack.core.lambda_runtime does not unpack with zipfile any more")
    lambda_runtime.zipfile = sharing
