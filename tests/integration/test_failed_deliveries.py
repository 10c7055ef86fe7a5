"""A delivery that fails for a reason that nobody foresaw: it is tried again, and its reason is
logged.
"""

from __future__ import annotations

import importlib.util
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from local.settings import ROOT


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Any:
    path = ROOT / "functions" / "deliver_webhook" / "app.py"
    spec = importlib.util.spec_from_file_location("deliver_webhook_app", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("webhooks", "sealer", "webhook_client", "loopback_webhooks_allowed"):
        monkeypatch.setattr(module.wiring, name, lambda: None)
    return module


@pytest.fixture
def log(app: Any, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr(app.logger.handlers[0], "stream", stream)
    return stream


def record(message_id: str, **detail: Any) -> dict[str, Any]:
    envelope = {
        "event_id": f"e-{message_id}",
        "organization_id": "northwind",
        "account_id": "a",
        "occurred_at": "2026-11-25T02:00:00Z",
    }
    body = {"detail-type": "Account Failed", "detail": envelope | detail}
    return {
        "messageId": message_id,
        "receiptHandle": "r",
        "body": json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:WebhookMessages",
    }


CONTEXT = SimpleNamespace(
    function_name="deliver_webhook",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:us-east-1:111122223333:function:deliver_webhook",
    aws_request_id="r-1",
)


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_an_unforeseen_failure_is_tried_again_and_says_why(
    app: Any,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def deliver(*_: Any, **__: Any) -> int:
        raise RuntimeError("KMS is throttled, say.")

    monkeypatch.setattr("cavok.services.webhooks.deliver", deliver)

    answer = app.handler({"Records": [record("1")]}, CONTEXT)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert "KMS is throttled, say." in log.getvalue()
    assert '"WebhookFaults"' in capsys.readouterr().out, "and an alarm rings"


def test_a_dropped_event_is_not_logged_under_the_name_of_the_one_before(
    app: Any, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    monkeypatch.setattr("cavok.services.webhooks.deliver", lambda *_, **__: 200)

    app.handler({"Records": [record("1"), record("2", event_id=None)]}, CONTEXT)

    (dropped,) = [line for line in log.getvalue().splitlines() if "Event dropped" in line]
    assert "e-1" not in dropped
