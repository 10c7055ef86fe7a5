"""What Lambda's runtime does, in a process of its own: import the handler, then take one event
after another. It imports the standard library alone.

Arguments: the folders to import from, and the descriptor to answer on. An event is a line of
standard input. The first answer says that the handler is imported.
"""

import json
import os
import sys
import time
from types import SimpleNamespace
from typing import Any

*places, descriptor = sys.argv[1:]
sys.path[:0] = places

with os.fdopen(int(descriptor), "w") as answers:

    def answer(began: float, used: float, **more: Any) -> None:
        wall, cpu = time.perf_counter() - began, time.process_time() - used
        sys.stdout.flush()
        print(json.dumps({"wall": wall, "cpu": cpu, **more}), file=answers, flush=True)

    def peak() -> int:
        """The most memory that this process has had, in bytes. `getrusage` also has that of the
        process which started it.
        """
        with open("/proc/self/status") as lines:  # noqa: PTH123  pathlib would be imported
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

    from app import handler  # type: ignore[import-not-found]

    answer(0.0, 0.0)
    memory = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
    name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    for number, line in enumerate(sys.stdin):
        context = SimpleNamespace(
            function_name=name,
            memory_limit_in_mb=memory,
            invoked_function_arn=f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
            aws_request_id=f"00000000-0000-0000-0000-{number:012}",
            get_remaining_time_in_millis=lambda: 60_000,
        )
        event = json.loads(line)
        began, used = time.perf_counter(), time.process_time()
        try:
            answered = {"result": handler(event, context)}
        except Exception as error:  # noqa: BLE001  as Lambda does
            answered = {"error": f"{type(error).__name__}: {error}"}
        answer(began, used, peak=peak(), **answered)
