"""`make down` ends what this checkout started, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import process

RUN_ID = "0123456789abcdef"
Start = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "process.json"
    monkeypatch.setattr(process, "_RECORD", path)
    return path


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def start_process(run_id: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", "import time; time.sleep(60)", run_id]
        started.append(subprocess.Popen(command, start_new_session=True))
        # The command line of a process is readable a moment after it was started.
        while run_id not in process._command_line(started[-1].pid):
            time.sleep(0.01)
        return started[-1]

    yield start_process
    for each in started:
        each.kill()
        each.wait()


def test_the_process_that_was_recorded_is_ended(record: Path, start: Start) -> None:
    ours = start(RUN_ID)
    record.write_text(json.dumps({"pid": ours.pid, "port": 1, "run_id": RUN_ID}))

    assert process.stop() is True

    assert process._command_line(ours.pid) == ""
    assert not record.exists()


def test_a_process_that_has_taken_over_its_number_is_left_alone(record: Path, start: Start) -> None:
    strangers = start("something else")
    record.write_text(json.dumps({"pid": strangers.pid, "port": 1, "run_id": RUN_ID}))

    assert process.stop() is False

    assert strangers.poll() is None


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"pid": 1}'])
def test_without_a_usable_record_there_is_nothing_to_end(record: Path, content: str | None) -> None:
    if content is not None:
        record.write_text(content)

    assert process.stop() is False
