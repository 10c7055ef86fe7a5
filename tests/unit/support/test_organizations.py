"""What is left of an organization of a test's own."""

from __future__ import annotations

from unittest.mock import MagicMock, Mock

import pytest

from tests.support import organizations


def test_whoever_was_created_is_deleted_even_if_the_next_one_cannot_sign_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    created, deleted = list[str](), Mock()

    def create(_: str, __: str, person: organizations.Person) -> dict[str, str]:
        if person.group == "operator":
            raise TimeoutError
        created.append(person.email)
        return {"email": person.email}

    monkeypatch.setattr(organizations.users, "create", create)
    monkeypatch.setattr(organizations, "signed_in", MagicMock())
    monkeypatch.setattr(organizations.aws, "cognito", lambda _: deleted)

    with pytest.raises(TimeoutError), organizations.new_organization(Mock()):
        pass

    assert [call.kwargs["Username"] for call in deleted.admin_delete_user.call_args_list] == [
        *reversed(created)
    ]
    assert len(created) == 2
