"""What is written out elsewhere about events agrees with the registry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cavok.domain.errors import MalformedEvent, UnknownEvent
from cavok.domain.events import OF_WEBHOOKS, REGISTRY, EventType, checked_event, read_event
from local.event_docs import FOLDER, generated
from local.settings import ROOT
from tests.support.event_schemas import closed
from tests.support.template import template

RULES = {
    name: resource["Properties"]
    for name, resource in template()["Resources"].items()
    if resource["Type"] == "AWS::Events::Rule"
}
OURS = {"Ref": "Bus"}
ON_OUR_BUS = {n: r["EventPattern"] for n, r in RULES.items() if r.get("EventBusName") == OURS}
ON_OUR_BUS |= {
    f"{name}{event}": source["Properties"]["Pattern"]
    for name, resource in template()["Resources"].items()
    for event, source in resource["Properties"].get("Events", {}).items()
    if source["Type"] == "EventBridgeRule" and "EventBusName" in source["Properties"]
}


def test_docs_events_is_what_the_registry_generates() -> None:
    """`make events` writes it."""
    files = generated()

    assert {path.name: path.read_text() for path in files if path.exists()} == {
        path.name: text for path, text in files.items()
    }, "run `make events`"
    assert set(FOLDER.iterdir()) == set(files), "delete what the registry has no more"


@pytest.mark.parametrize("event_type", REGISTRY)
def test_every_schema_is_one(event_type: str) -> None:
    Draft202012Validator.check_schema(REGISTRY[event_type].schema())


@pytest.mark.parametrize("event_type", REGISTRY)
def test_a_schema_takes_fields_that_are_added_and_ours_here_does_not(event_type: str) -> None:
    schema = REGISTRY[event_type].schema()

    assert "additionalProperties" not in json.dumps(schema)
    text = json.dumps(closed(schema))
    assert text.count('"additionalProperties": false') == text.count('"properties"') > 0


def inside(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object in a schema."""
    if isinstance(schema, dict):
        yield schema
    values = schema.values() if isinstance(schema, dict) else schema
    for each in values if isinstance(schema, dict | list) else ():
        yield from inside(each)


@pytest.mark.parametrize("event_type", REGISTRY)
def test_generated_receivers_read_a_schema_as_it_is_meant(event_type: str) -> None:
    """Some match a pattern from the start of a text, and take names without a type as no texts."""
    for shape in inside(REGISTRY[event_type].schema()):
        if isinstance(shape.get("pattern"), str):
            assert re.fullmatch(r"\^.*\$", shape["pattern"]), shape
        assert "type" in shape or not {"enum", "const"} & shape.keys(), shape


def test_another_providers_account_fits_the_schema() -> None:
    properties = REGISTRY["Account Created"].schema()["properties"]
    azure = {"provider": "azure", "provider_id": "9b1c0f1e-52d1-4b7f-9d5e-0c1a2b3c4d5e"}

    for name, value in azure.items():
        Draft202012Validator(properties[name]).validate(value)


def test_every_type_but_those_of_webhooks_can_be_subscribed_to() -> None:
    assert set(REGISTRY) == {*EventType, *OF_WEBHOOKS}, (
        "declare each EventType in REGISTRY; a type for no webhook belongs in TO_NO_WEBHOOK"
    )


def test_the_page_offers_every_event_that_a_webhook_may_subscribe_to() -> None:
    texts = (ROOT / "functions/dashboard/static/views/texts.js").read_text()
    (block,) = re.findall(r"eventTexts: \{(.*?)\n    \}", texts, re.DOTALL)

    assert re.findall(r'^ +"([^"]+)": "[^"]+",$', block, re.MULTILINE) == list(EventType), (
        "give each EventType its line in `eventTexts` of views/texts.js, in the order of the enum"
    )


def test_every_rule_on_our_bus_names_types_of_the_registry() -> None:
    assert ON_OUR_BUS
    for name, pattern in ON_OUR_BUS.items():
        assert "detail-type" in pattern, f"{name}: name the types that it selects"
        assert set(pattern["detail-type"]) <= set(REGISTRY), f"{name}: declare them in REGISTRY"


FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in template()["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
}
QUEUE_MAPPINGS = [
    (name, event["Properties"]["Queue"])
    for name, function in FUNCTIONS.items()
    for event in function.get("Events", {}).values()
    if event["Type"] == "SQS"
] + [
    (resource["Properties"]["FunctionName"]["Ref"], resource["Properties"]["EventSourceArn"])
    for resource in template()["Resources"].values()
    if resource["Type"] == "AWS::Lambda::EventSourceMapping"
]


def consumer(rule: str) -> str:
    """The folder of the function that a rule on our bus feeds, directly or through a queue."""
    targets = [target["Arn"] for target in RULES.get(rule, {}).get("Targets", [])]
    names = [n for n in FUNCTIONS if rule.startswith(n)] or [
        n for n, queue in QUEUE_MAPPINGS if queue in targets
    ]
    assert len(names) == 1, f"{rule} must feed one function, directly or by one queue, not {names}"
    (name,) = names
    uri: str = FUNCTIONS[name]["CodeUri"]
    return uri.removeprefix("functions/")


def test_the_architecture_says_who_consumes_which_event() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page.partition("| consumer | gets |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", table, re.MULTILINE)
    said = {function: [t for t in REGISTRY if t in gets] for function, gets in rows}

    assert said == {consumer(rule): p["detail-type"] for rule, p in ON_OUR_BUS.items()}, (
        "give each consumer its row in docs/architecture.md, under “An event”"
    )


def an_event(**but: Any) -> dict[str, Any]:
    detail = {
        "event_id": "e",
        "organization_id": "northwind",
        "account_id": "a",
        "occurred_at": "2025-03-01T12:00:00Z",
    }
    return {"detail-type": "Account Failed", "detail": detail} | but


DEEP = "[" * 100_000


def test_an_event_with_its_envelope_is_read_from_a_message() -> None:
    assert read_event(json.dumps(an_event())) == an_event()


@pytest.mark.parametrize(
    "body", ["{", "5", "[]", "{}", json.dumps(an_event(detail={})), pytest.param(DEEP, id="deep")]
)
def test_a_message_without_an_envelope_is_malformed(body: str) -> None:
    with pytest.raises(MalformedEvent):
        read_event(body)


@pytest.mark.parametrize("name", ["event_id", "organization_id", "account_id", "occurred_at"])
@pytest.mark.parametrize("value", [None, "", 5])
def test_an_envelope_of_anything_but_texts_is_malformed(name: str, value: Any) -> None:
    with pytest.raises(MalformedEvent):
        checked_event(an_event(detail=an_event()["detail"] | {name: value}))


def test_a_type_that_the_registry_lacks_is_unknown() -> None:
    with pytest.raises(UnknownEvent):
        checked_event(an_event(**{"detail-type": "No Such Event"}))


def test_a_type_that_its_consumer_does_not_take_is_unknown_whatever_its_envelope() -> None:
    for event_type in REGISTRY.keys() - {EventType.DELETED}:
        event = an_event(**{"detail-type": event_type})
        with pytest.raises(UnknownEvent):
            checked_event(event, (EventType.DELETED,))
