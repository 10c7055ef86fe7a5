"""Lambda: how a function's exception is reported, and how its code is unpacked.

Its event source mappings are in `dynamodb_streams`, its answers over HTTP in `api_gateway`.
"""

from __future__ import annotations

import hashlib
import queue
import tempfile
import threading
import time
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.fidelity.correction import GapMoved, corrects, replaces

_invocation = threading.local()

# Lines of the worker script that the emulator writes for each function.
_WITHOUT_CLASS = (
    '_real_stdout.write(json.dumps({"status": "error", "error": str(e), '
    '"trace": traceback.format_exc()}) + "\\n")'
)
_WITH_CLASS = """traceback.print_exc()
            raised = {"errorMessage": str(e), "errorType": type(e).__name__,
                      "requestId": context.aws_request_id,
                      "stackTrace": traceback.format_tb(e.__traceback__)}
            answer = {"status": "ok", "result": None, "raised": raised}
            _real_stdout.write(json.dumps(answer) + "\\n")"""


@replaces(lambda_runtime, "_PYTHON_WORKER_SCRIPT")
def report_the_class_of_an_exception(script: str) -> str:
    """A function that raises reports its exception's class as `errorType`, and stays warm.

    The emulator says `Runtime.HandlerError` of every exception, so that no `ErrorEquals` in a
    workflow would match. It also ends the process, so that a cold start follows each error.
    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    if _WITHOUT_CLASS not in script:
        raise GapMoved("ministack's Python worker script no longer reports errors as it did")
    return script.replace(_WITHOUT_CLASS, _WITH_CLASS)


# The worker's last lines, and what it writes to standard error, behind all that a function wrote.
_ANSWERED = "        _real_stdout.flush()\n\nrun()"
_END_OF_LINES = "\x1eend of invocation"
_LONGEST_WAIT = 10.0


@replaces(lambda_runtime, "_PYTHON_WORKER_SCRIPT")
def _mark_the_end_of_an_invocations_lines(script: str) -> str:
    if _ANSWERED not in script:
        raise GapMoved("ministack's Python worker script no longer answers as it did")
    return script.replace(_ANSWERED, f"        print({_END_OF_LINES!r}, flush=True)\n{_ANSWERED}")


@corrects(lambda_runtime.Worker, "_drain_stderr")
@corrects(lambda_runtime.Worker, "_drain_stderr_bounded")
def keep_every_line_of_an_invocation(
    original: Any, worker: lambda_runtime.Worker, **bounds: float
) -> str:
    """All that a function writes is in its log group, under the invocation that wrote it.

    The emulator waits 50 ms for the first line and 5 ms for each further one. On a busy machine
    lines came with a later invocation, or were lost with their execution environment.
    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """
    if isinstance(worker, lambda_runtime.ProvidedWorker):
        return str(original(worker, **bounds))
    lines: list[str] = []
    until = time.monotonic() + _LONGEST_WAIT
    while time.monotonic() < until:
        # Asked before the queue is: what a dead process wrote is all in it then.
        reading = worker._stderr_thread.is_alive()
        try:
            line: str = worker._stderr_queue.get(timeout=0.05)
        except queue.Empty:
            if not reading:
                break
            continue
        lines.append(line.removesuffix(_END_OF_LINES))
        if line.endswith(_END_OF_LINES):
            break
    return "\n".join(lines).removesuffix("\n")


_ending = threading.Lock()


@corrects(lambda_runtime, "kill_workers")
def _mark_what_is_ended(original: Any, workers: Any) -> None:
    there = [worker for worker in workers if worker is not None]
    with _ending:
        for worker in there:
            worker.is_ended = True
        original(there)


# When a function's configuration is replaced, the emulator ends an environment that is being
# started, too, and deletes its folder. AWS leaves an environment alone that has begun.
@corrects(lambda_runtime.Worker, "_spawn")
def _start_again_what_was_ended_meanwhile(original: Any, worker: Any) -> None:
    worker.is_ended = False
    try:
        original(worker)
    except Exception:
        with _ending:
            again = worker.is_ended
        if not again:
            raise
        original(worker)


@corrects(lambda_runtime.Worker, "invoke")
def _remember_what_was_raised(original: Any, *args: Any, **kwargs: Any) -> Any:
    result = original(*args, **kwargs)
    _invocation.raised = result.get("raised")
    return result


_TIMED_OUT = "Sandbox.Timedout"


# The second of these two corrections works on the outcome of the first.
@corrects(lambda_svc, "_execute_function_warm")
def say_that_a_process_is_gone(
    original: Any, func: dict[str, Any], event: Any, request_id: str
) -> dict[str, Any]:
    """The log of a function whose process is killed, or does not start, says so.

    The emulator says nothing of a process that dies before it is ready.
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
    """
    outcome: dict[str, Any] = original(func, event, request_id)
    # A refusal for want of an environment has no type.
    if not outcome.get("error") or outcome["body"].get("errorType", _TIMED_OUT) == _TIMED_OUT:
        return outcome
    why = outcome["body"].get("errorMessage", "")
    says = f"RequestId: {request_id} Error: Runtime exited with error: {why}"
    log = "\n".join(filter(None, [outcome.get("log", ""), says]))
    body = {"errorMessage": says, "errorType": "Runtime.ExitError"}
    return {"body": body, "error": True, "log": log}


@corrects(lambda_svc, "_execute_function_warm")
def _answer_with_what_was_raised(original: Any, *invocation: Any) -> dict[str, Any]:
    _invocation.raised = None
    outcome: dict[str, Any] = original(*invocation)
    if _invocation.raised is None:
        return outcome
    return {"body": _invocation.raised, "error": True, "log": outcome.get("log", "")}


@corrects(lambda_svc, "_sqs_esm_concurrency")
def read_a_concurrency_that_a_parameter_gives(
    original: Any, mapping: dict[str, Any], *rest: Any
) -> Any:
    """CloudFormation makes a number of a parameter's text where the property is one.

    The emulator keeps the text, and then takes no message.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    """
    scaling = mapping.get("ScalingConfig") or {}
    numbers = {name: int(value) for name, value in scaling.items()}
    return original({**mapping, "ScalingConfig": numbers}, *rest)


@replaces(lambda_runtime, "zipfile")
def share_unpacked_code(original: ModuleType) -> ModuleType:
    """Code and layers are unpacked once for all execution environments.

    AWS mounts them read-only under /opt. The emulator unpacks them for each environment, so that
    each cold start compiles the layer's Python again: 0.9 s of CPU instead of 0.45 s, and as much
    again in the emulator itself.
    https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
    """
    sharing = ModuleType("zipfile")
    sharing.__dict__.update(original.__dict__)
    sharing.__dict__["ZipFile"] = _UnpackedOnce
    return sharing


_unpacking = threading.Lock()


class _UnpackedOnce(zipfile.ZipFile):
    """A zip file that is unpacked once; each further target becomes a link to the first."""

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
