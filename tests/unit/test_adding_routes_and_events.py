"""A route, or an event, is added before its examples are: the API's description lacks them, and is
there for everybody.

The tests import `cavok` anew, with a made-up event in the registry or a made-up route.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.settings import ROOT
from tests.support.declared import whole
from tests.support.imported_anew import imported_anew

EVENT = """
_DELETED = REGISTRY[EventType.DELETED]
REGISTRY = {**REGISTRY, "Account Painted": replace(_DELETED, type="Account Painted")}
"""
ROUTES = """
from pydantic import BaseModel


class NoteBody(BaseModel):
    text: str


@router.get("/v1/audit/<entry_id>/notes", summary="Notes", tags=["Audit"], responses=answers())
def list_notes(entry_id: str, color: str, cursor: Cursor = None) -> list[NoteBody]:
    'Lists notes.'
    raise NotImplementedError


@router.put("/v1/audit/<entry_id>/note", summary="Note", tags=["Audit"], responses=answers())
def put_note(entry_id: str, note: NoteBody) -> NoteBody:
    'Sets a note.'
    raise NotImplementedError
"""


def document() -> Any:
    """As /openapi.json answers, with everything in its place. The page /docs is made of it, too."""
    from cavok.api import documentation, openapi

    made = whole(json.loads(openapi.document()))
    assert documentation.page(made)
    return made


def test_the_document_has_an_event_without_an_example() -> None:
    with imported_anew("cavok.domain.events", added=EVENT):
        webhooks = document()["webhooks"]

    painted = webhooks["Account Painted"]["post"]
    assert "example" not in painted["requestBody"]["content"]["application/json"]
    for name in webhooks.keys() - {"Account Painted"}:
        assert webhooks[name]["post"]["requestBody"]["content"]["application/json"]["example"]


def test_the_document_has_a_route_without_examples() -> None:
    with imported_anew("cavok.api.routes.audit", added=ROUTES):
        made = document()

    assert made["components"]["schemas"]["NoteBody"]
    notes = made["paths"]["/v1/audit/{entry_id}/notes"]["get"]["parameters"]
    with_example = {each["name"] for each in notes if "example" in each}
    assert with_example == {"if-match", "if-none-match"}
    assert "put" in made["paths"]["/v1/audit/{entry_id}/note"]


@pytest.mark.parametrize("recipe", ["Add an event", "Add a route"])
def test_the_recipe_says_where_its_examples_go(recipe: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    text = page.partition(f"### {recipe}\n")[2].partition("\n### ")[0]

    assert "`api/examples.py`" in text
