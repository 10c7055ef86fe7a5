"""The HTTP API through the real gateway, with real tokens."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from local import aws, customers, users
from local.customers import CustomerAccount
from local.stack import Stack
from local.users import Person, User
from tests.support.connections import Connected, connect, new_account
from tests.support.http import answer, problem, signed_in, with_token
from tests.support.journeys import Journeys
from tests.support.organizations import Organization, new_organization

NOWHERE = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture
def public(stack: Stack) -> Iterator[httpx.Client]:
    with with_token(stack, None) as client:
        yield client


@pytest.fixture(scope="module")
def connected(organization: Organization, new_place: Callable[[], CustomerAccount]) -> Connected:
    """An account that was added and never tested."""
    return connect(organization.admin, new_place())


CREDENTIALS = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "not-a-real-one"}

READS = ("", "/instructions", "/invitations", "/verifications", f"/verifications/{NOWHERE}")
CHANGES: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("PATCH", "", {"name": "Other"}),
    ("PUT", "/credentials", CREDENTIALS),
    ("POST", "/verifications", None),
    ("POST", "/invitations", None),
    ("DELETE", "/invitations", None),
    ("DELETE", "", None),
)


# ---------------------------------------------------------------------------------- the gateway


@pytest.mark.parametrize("token", [None, "nonsense", "eyJhbGciOiJub25lIn0.e30."])
@pytest.mark.parametrize("path", ["/v1/accounts", "/v1/organization", f"/v1/accounts/{NOWHERE}"])
def test_without_a_valid_token_the_gateway_answers_401(
    stack: Stack, token: str | None, path: str
) -> None:
    with with_token(stack, token) as client:
        refused = client.get(path)

    assert (refused.status_code, refused.json()) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/v1/permissions", "/v1/providers"])
def test_what_is_public_needs_no_token(public: httpx.Client, path: str) -> None:
    shown = public.get(path)

    assert shown.status_code == 200
    assert shown.headers["content-type"] == "application/json"


def test_an_invitation_opens_without_a_token_until_it_is_withdrawn(
    public: httpx.Client, organization: Organization, connected: Connected
) -> None:
    path, account = f"{connected.path}/invitations", connected.account()
    made = answer(organization.admin.post(path))
    invitation = {"Invitation": made["url"].rpartition("/")[2]}

    shown = answer(public.get("/v1/invitation", headers=invitation))
    assert shown["deploy_on_aws_url"].startswith("https://")
    assert shown["provider_id"] == account["provider_id"]
    for private in (account["name"], account["created_by"], connected.account_id):
        assert private not in json.dumps(shown)

    answer(organization.admin.delete(path))
    problem(public.get("/v1/invitation", headers=invitation), 404)
    problem(public.get("/v1/invitation"), 404)


def test_the_server_of_the_document_is_this_api(public: httpx.Client) -> None:
    """Also behind the local stack's prefix, which the function does not know."""
    found = public.get("/openapi.json")
    server = urljoin(str(found.url), found.json()["servers"][0]["url"]).removesuffix("/")

    for path in ("/health", "/v1/permissions"):
        assert public.get(f"{server}{path}").status_code == 200


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/v1/permissions", "/v1/providers"])
def test_what_is_public_answers_head_and_refuses_other_methods(
    public: httpx.Client, path: str
) -> None:
    head, refused = public.head(path), public.post(path)

    assert (head.status_code, head.content) == (200, b"")
    problem(refused, 405)
    assert refused.headers["allow"] == "GET, HEAD"


def test_a_path_that_enters_an_account_tells_its_methods(organization: Organization) -> None:
    instances = f"/v1/accounts/{NOWHERE}/instances"

    for path, allowed in (
        (instances, "GET, HEAD"),
        (f"{instances}/ec2/i-0123456789abcdef0/stop", "POST"),
    ):
        refused = organization.admin.delete(path)
        problem(refused, 405)
        assert refused.headers["allow"] == allowed


def test_the_documentation_for_people_is_public(public: httpx.Client) -> None:
    shown = public.get("/docs")

    assert shown.status_code == 200
    assert shown.headers["content-type"].startswith("text/html")


def test_a_path_that_does_not_exist_is_404(
    public: httpx.Client, organization: Organization
) -> None:
    problem(public.get("/nowhere"), 404)
    problem(organization.admin.get("/v1/nowhere"), 404)
    problem(organization.admin.get(f"/v1/accounts/{NOWHERE}/nowhere"), 404)


# ----------------------------------------------------------------------- who may do what


def test_viewers_may_read_and_not_change(connected: Connected, organization: Organization) -> None:
    viewer = organization.viewer

    for path in ("", "/instructions", "/verifications"):
        assert viewer.get(f"{connected.path}{path}").status_code == 200
    assert viewer.get("/v1/accounts").status_code == 200
    assert viewer.get("/v1/organization").status_code == 200
    for method, path, body in CHANGES:
        problem(viewer.request(method, f"{connected.path}{path}", json=body), 403)
    problem(viewer.post("/v1/accounts", json=new_account("700000000000")), 403)
    assert connected.account()["name"] != "Other"


def test_operators_may_change(connected: Connected, organization: Organization) -> None:
    changed = organization.operator.patch(connected.path, json={"name": "ByOperator"})

    assert (changed.status_code, changed.json()["name"]) == (200, "ByOperator")


@pytest.fixture
def newcomer(stack: Stack) -> Iterator[Callable[..., Any]]:
    """Makes a user who lacks something that everybody has."""
    made: list[str] = []
    cognito = aws.cognito(stack.emulator_url)

    def make(*, organization: str | None, group: str | None) -> Any:
        email, password = f"{secrets.token_hex(6)}@newcomer.example", f"{secrets.token_hex(9)}-aA1"
        attributes = {"email": email} | (
            {"custom:organization": organization} if organization else {}
        )
        cognito.admin_create_user(
            UserPoolId=stack.user_pool_id,
            Username=email,
            MessageAction="SUPPRESS",
            TemporaryPassword=password,
            UserAttributes=[{"Name": n, "Value": v} for n, v in attributes.items()],
        )
        made.append(email)
        cognito.admin_set_user_password(
            UserPoolId=stack.user_pool_id, Username=email, Password=password, Permanent=True
        )
        if group:
            cognito.admin_add_user_to_group(
                UserPoolId=stack.user_pool_id, Username=email, GroupName=group
            )
        return {"email": email, "password": password, "organization": organization}

    yield make
    for email in made:
        cognito.admin_delete_user(UserPoolId=stack.user_pool_id, Username=email)


def test_a_token_without_organization_is_forbidden(
    stack: Stack, newcomer: Callable[..., Any]
) -> None:
    with signed_in(stack, newcomer(organization=None, group="admin")) as client:
        for path in ("/v1/accounts", "/v1/organization", f"/v1/accounts/{NOWHERE}"):
            assert "organization" in problem(client.get(path), 403)["detail"]


def test_who_is_in_no_group_is_forbidden(
    stack: Stack, newcomer: Callable[..., Any], organization: Organization
) -> None:
    with signed_in(stack, newcomer(organization=organization.name, group=None)) as client:
        problem(client.get("/v1/accounts"), 403)


@pytest.fixture
def access_token(stack: Stack, organization: Organization) -> str:
    """What Cognito gives beside the ID token, to the admin."""
    admin = organization.people["admin"]
    answered = aws.sign_in_client(stack.emulator_url).initiate_auth(
        ClientId=stack.user_pool_client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": admin["email"], "PASSWORD": admin["password"]},
    )
    return answered["AuthenticationResult"]["AccessToken"]


def test_an_access_token_names_no_organization_and_is_forbidden(
    stack: Stack, access_token: str
) -> None:
    with with_token(stack, access_token) as client:
        problem(client.get("/v1/accounts"), 403)


def test_users_cannot_move_to_another_organization(
    stack: Stack,
    organization: Organization,
    other_organization: Organization,
    access_token: str,
) -> None:
    cognito = aws.sign_in_client(stack.emulator_url)

    with pytest.raises(cognito.exceptions.NotAuthorizedException):
        cognito.update_user_attributes(
            AccessToken=access_token,
            UserAttributes=[{"Name": "custom:organization", "Value": other_organization.name}],
        )

    with signed_in(stack, organization.people["admin"]) as client:
        shown = answer(client.get("/v1/organization"))
    assert shown["organization_id"] == organization.name


# ------------------------------------------------------------------- organizations apart


def test_another_organizations_account_is_404_in_every_way(
    connected: Connected, other_organization: Organization, organization: Organization
) -> None:
    stranger = other_organization.operator

    for path in READS:
        problem(stranger.get(f"{connected.path}{path}"), 404)
    for method, path, body in CHANGES:
        problem(stranger.request(method, f"{connected.path}{path}", json=body), 404)
    assert connected.account_id not in stranger.get("/v1/accounts").text
    assert organization.admin.get(connected.path).status_code == 200


def test_another_organizations_verification_is_404(
    journeys_of_all: Journeys, other_organization: Organization
) -> None:
    journey = journeys_of_all["all-permissions"]
    path = f"/verifications/{journey.verification['verification_id']}"

    problem(other_organization.admin.get(f"{journey.connected.path}{path}"), 404)
    own = connect(other_organization.admin, journey.connected.place)
    problem(other_organization.admin.get(f"{own.path}{path}"), 404)


def test_a_number_is_connected_once_an_organization_and_freely_in_others(
    connected: Connected, other_organization: Organization, organization: Organization
) -> None:
    body = new_account(connected.place.account_number, name="Again")

    problem(organization.admin.post("/v1/accounts", json=body), 409)
    assert other_organization.admin.post("/v1/accounts", json=body).status_code == 201


def test_each_organization_has_a_random_external_id_that_stays(
    organization: Organization, other_organization: Organization
) -> None:
    own = {answer(organization.admin.get("/v1/organization"))["external_id"] for _ in range(2)}
    other = answer(other_organization.admin.get("/v1/organization"))["external_id"]

    assert len(own) == 1
    assert other not in own
    assert len(other) >= 32


def test_a_cursor_is_good_for_the_organization_that_it_was_issued_to(
    organization: Organization, other_organization: Organization, connected: Connected
) -> None:
    for number in ("700000000001", "700000000002"):
        other_organization.admin.post("/v1/accounts", json=new_account(number))
    cursor = answer(other_organization.admin.get("/v1/accounts", params={"limit": 1}))[
        "next_cursor"
    ]

    refused = organization.admin.get("/v1/accounts", params={"limit": 1, "cursor": cursor})

    assert [error["field"] for error in problem(refused, 422)["errors"]] == ["cursor"]
    for made_up in ("nonsense", "e30=", ""):
        problem(organization.admin.get("/v1/accounts", params={"cursor": made_up}), 422)
    problem(
        organization.admin.get(f"{connected.path}/verifications", params={"cursor": cursor}), 422
    )


def test_a_forged_cursor_is_refused_or_a_place_of_the_list(stack: Stack) -> None:
    with new_organization(stack) as organization:
        numbers = {"700000000001", "700000000002"}
        for number in sorted(numbers):
            organization.admin.post("/v1/accounts", json=new_account(number))
        page = answer(organization.admin.get("/v1/accounts", params={"limit": 1}))
        true = json.loads(base64.urlsafe_b64decode(page["next_cursor"]))
        refused = 0
        for place in range(len(true)):
            for garbage in ("", "\0", "~" * 300, NOWHERE, 7, None, [], 10**25):
                forged = json.dumps([*true[:place], garbage, *true[place + 1 :]])
                cursor = base64.urlsafe_b64encode(forged.encode()).decode()
                given = organization.admin.get("/v1/accounts", params={"cursor": cursor})
                if given.status_code == 200:
                    assert {each["provider_id"] for each in given.json()["items"]} <= numbers
                else:
                    refused += 1
                    assert [e["field"] for e in problem(given, 422)["errors"]] == ["cursor"]
        assert refused


# --------------------------------------------------------------------------- accounts


def test_accounts_are_listed_by_name_by_prefix_by_status_and_in_pages(stack: Stack) -> None:
    with new_organization(stack) as organization:
        admin = organization.admin
        numbers = {
            "beta": "700000000011",
            "Alpha": "700000000012",
            "alphaTwo": "711000000013",
            "Gamma": "700000000014",
            "700": "799000000015",
        }
        for name, number in numbers.items():
            answer(admin.post("/v1/accounts", json=new_account(number, name=name)))

        def names(**params: Any) -> list[str]:
            found: list[str] = []
            cursor: str | None = None
            while True:
                asked = params | ({"cursor": cursor} if cursor else {})
                page = answer(admin.get("/v1/accounts", params=asked))
                found += [account["name"] for account in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    return found

        everybody = ["700", "Alpha", "alphaTwo", "beta", "Gamma"]
        assert names() == everybody
        assert names(limit=2) == everybody
        assert names(q="alpha") == ["Alpha", "alphaTwo"]
        assert names(q="700", limit=1) == ["700", "beta", "Alpha", "Gamma"]
        assert names(status="unconfirmed", limit=1) == everybody
        assert names(status="confirmed") == []
        assert names(q="zeta") == []
        counts = answer(admin.get("/v1/organization"))["accounts"]
        assert (counts["total"], counts["by_status"]["unconfirmed"]) == (5, 5)


def test_the_same_idempotency_key_makes_one_account(
    organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    body, key = new_account(new_place().account_number), {"Idempotency-Key": secrets.token_hex(8)}

    first = organization.admin.post("/v1/accounts", json=body, headers=key)
    second = organization.admin.post("/v1/accounts", json=body, headers=key)
    other = organization.admin.post("/v1/accounts", json={**body, "name": "Other"}, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second.headers["location"] == f"/v1/accounts/{first.json()['account_id']}"
    assert problem(other, 422)["errors"][0]["field"] == "Idempotency-Key"


def test_3986_5_an_address_in_an_answer_leads_there_from_the_address_that_was_asked(
    organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    """And behind the base address, where a client puts it that knows no other."""
    admin = organization.admin
    made = admin.post("/v1/accounts", json=new_account(new_place().account_number))
    again = admin.post("/v1/accounts", json=new_account(made.json()["provider_id"], name="Again"))
    refusal = problem(again, 409)

    for asked, address, shown in (
        (made, made.headers["location"], made.json()["account_id"]),
        (again, refusal["type"], "already_connected"),
    ):
        resolved = urljoin(str(asked.request.url), address)
        assert "/_aws/" not in resolved
        for where in (resolved, address):
            assert shown in admin.get(where).raise_for_status().text


def test_an_idempotency_key_of_another_organization_means_nothing(
    organization: Organization,
    other_organization: Organization,
    new_place: Callable[[], CustomerAccount],
) -> None:
    body, key = new_account(new_place().account_number), {"Idempotency-Key": secrets.token_hex(8)}

    ours = organization.admin.post("/v1/accounts", json=body, headers=key)
    theirs = other_organization.admin.post("/v1/accounts", json=body, headers=key)

    assert theirs.status_code == 201
    assert theirs.json()["account_id"] != ours.json()["account_id"]


def test_a_change_is_made_only_to_the_version_that_the_client_read(
    organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    connected = connect(organization.admin, new_place())
    read = organization.admin.get(connected.path).headers["etag"]

    changed = organization.admin.patch(
        connected.path, json={"name": "First"}, headers={"If-Match": read}
    )
    late = organization.admin.patch(
        connected.path, json={"name": "Second"}, headers={"If-Match": read}
    )

    assert changed.status_code == 200
    assert changed.headers["etag"] != read
    problem(late, 412)
    malformed = organization.admin.patch(
        connected.path, json={"name": "Third"}, headers={"If-Match": "no etag"}
    )
    problem(malformed, 400)
    assert connected.account()["name"] == "First"
    for anything in ("*", changed.headers["etag"]):
        accepted = organization.admin.patch(
            connected.path, json={"write_logs": True}, headers={"If-Match": anything}
        )
        assert accepted.status_code == 200


def test_another_role_makes_a_confirmed_account_unconfirmed(
    organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    connected = connect(organization.admin, new_place(), write_logs=False)
    customers.deploy(connected.place, connected.offer())
    assert connected.test()["outcome"] == "confirmed"

    renamed = answer(organization.admin.patch(connected.path, json={"name": "Renamed"}))
    moved = answer(organization.admin.patch(connected.path, json={"role_name": "CavokOther"}))

    assert renamed["status"] == "confirmed"
    assert moved["status"] == "unconfirmed"
    assert moved["role_arn"].endswith(":role/CavokOther")
    assert set(moved["capabilities"].values()) == {"unknown"}
    assert connected.offer().role_name == "CavokOther"


def test_a_key_that_the_customer_deleted_fails_the_account_until_it_is_rotated(
    stack: Stack, organization: Organization, journeys_of_all: Journeys
) -> None:
    journey = journeys_of_all["deleted-key"]
    connected, issue = journey.connected, journey.account["issues"][0]
    policy = answer(organization.admin.get("/v1/permissions"))["policy_document"]
    second = customers.make_user(connected.place, policy)

    rotated = organization.admin.put(f"{connected.path}/credentials", json=second)
    untested = connected.account()
    accepted = connected.test()

    assert (journey.verification["outcome"], issue["code"]) == ("failed", "credentials_rejected")
    assert "Rotate keys" in issue["remedy"]
    assert (rotated.status_code, rotated.content) == (204, b"")
    assert (untested["status"], untested["issues"]) == ("unconfirmed", [])
    assert untested["access_key_id"] == second["access_key_id"][-4:]
    assert accepted["outcome"] == "confirmed"


def test_a_deleted_account_takes_its_secrets_with_it(
    stack: Stack, organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    fields = {"access_type": "access_key", "credentials": CREDENTIALS}
    connected = connect(organization.admin, new_place(), **fields)
    table = aws.client("dynamodb", stack.emulator_url)

    def left() -> list[str]:
        items = table.query(
            TableName=stack.table_name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"ORG#{organization.name}"}},
        )["Items"]
        of_account = [item["sk"]["S"] for item in items if connected.account_id in str(item)]
        outliving = ("AUDIT#", "DELETED#")  # on purpose
        return [sk for sk in of_account if not sk.startswith(outliving)]

    assert len(left()) == 3
    assert organization.admin.delete(connected.path).status_code == 204
    assert left() == []
    problem(organization.admin.get(connected.path), 404)
    assert organization.admin.delete(connected.path).status_code == 204, "a repeated request"
    connect(organization.admin, connected.place)


BAD_BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "azure": ({"provider": "azure"}, "provider"),
    "a number too short": ({"provider_id": "12345678901"}, "provider_id"),
    "a number that is not a string": ({"provider_id": 123456789012}, "provider_id"),
    "digits that are not ASCII": ({"provider_id": "١٢٣٤٥٦٧٨٩٠١٢"}, "provider_id"),
    "a name with a space": ({"name": "My account"}, "name"),
    "a name too long": ({"name": "x" * 65}, "name"),
    "an unknown access type": ({"access_type": "magic"}, "access_type"),
    "a flag that is a word": ({"write_logs": "yes"}, "write_logs"),
    "no such region": ({"regions": ["us-east-9"]}, "regions"),
    "no region": ({"regions": []}, "regions"),
    "a role of another name": ({"role_name": "Admin"}, "role_name"),
    "an unknown field": ({"external_id": "mine"}, "external_id"),
    "keys for a role": ({"credentials": CREDENTIALS}, "credentials"),
    "no keys for access keys": ({"access_type": "access_key"}, "credentials"),
    "a temporary key": (
        {
            "access_type": "access_key",
            "credentials": {**CREDENTIALS, "access_key_id": "ASIAIOSFODNN7EXAMPLE"},
        },
        "credentials.access_key_id",
    ),
}


@pytest.mark.parametrize("bad", BAD_BODIES)
def test_a_bad_body_is_told_field_by_field(organization: Organization, bad: str) -> None:
    fields, field = BAD_BODIES[bad]

    refused = organization.admin.post("/v1/accounts", json=new_account("700000000099", **fields))

    assert [error["field"] for error in problem(refused, 422)["errors"]] == [field]
    assert "not-a-real-one" not in refused.text


def test_the_account_in_which_cavok_runs_is_refused(
    stack: Stack, organization: Organization
) -> None:
    body = new_account(stack.workload_account_id)

    refused = problem(organization.admin.post("/v1/accounts", json=body), 422)

    assert [error["field"] for error in refused["errors"]] == ["provider_id"]


@pytest.fixture
def renamer(stack: Stack, organization: Organization) -> Iterator[User]:
    """An admin, who signs in by what nobody can change: the `sub`."""
    cognito, pool = aws.cognito(stack.emulator_url), {"UserPoolId": stack.user_pool_id}
    email = f"renamer@{organization.name}.example"
    user = users.create(
        stack.emulator_url, stack.user_pool_id, Person(email, organization.name, "admin")
    )
    attributes = cognito.admin_get_user(**pool, Username=email)["UserAttributes"]
    (sub,) = (each["Value"] for each in attributes if each["Name"] == "sub")
    yield {**user, "email": sub}
    cognito.admin_delete_user(**pool, Username=sub)


def test_an_admin_who_takes_another_address_is_audited_as_who_they_are(
    stack: Stack,
    organization: Organization,
    renamer: User,
    new_place: Callable[[], CustomerAccount],
) -> None:
    """The pool keeps the confirmed address. Where it does not, as by default, an address that
    nobody confirmed names nobody.
    """
    connected, sub = connect(organization.admin, new_place()), renamer["email"]
    chief, client = f"ceo@{organization.name}.example", aws.sign_in_client(stack.emulator_url)

    def actor_of_a_change(name: str) -> dict[str, Any]:
        with signed_in(stack, renamer) as admin:
            answer(admin.patch(connected.path, json={"name": name}))
            entries = answer(admin.get("/v1/audit"))["items"]
        (entry,) = (e for e in entries if name in [change["after"] for change in e["changes"]])
        return dict(entry["actor"])

    own = actor_of_a_change("AsHimself")
    token = client.initiate_auth(
        ClientId=stack.user_pool_client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": sub, "PASSWORD": renamer["password"]},
    )["AuthenticationResult"]["AccessToken"]
    client.update_user_attributes(
        AccessToken=token, UserAttributes=[{"Name": "email", "Value": chief}]
    )
    after = actor_of_a_change("AsTheChief")
    aws.cognito(stack.emulator_url).admin_update_user_attributes(
        UserPoolId=stack.user_pool_id,
        Username=sub,
        UserAttributes=[
            {"Name": "email", "Value": chief},
            {"Name": "email_verified", "Value": "false"},
        ],
    )
    by_default = actor_of_a_change("AsTheChiefAgain")

    assert own["email"] == f"renamer@{organization.name}.example"
    assert after == own
    assert by_default == own | {"email": None}
    assert own["sub"] == sub


def test_azure_is_refused_as_coming_soon(organization: Organization) -> None:
    refused = organization.admin.post(
        "/v1/accounts", json=new_account("700000000099", provider="azure")
    )

    assert "coming soon" in problem(refused, 422)["errors"][0]["message"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"name": "a",}', b"name=a"])
def test_malformed_json_is_400(organization: Organization, body: bytes) -> None:
    refused = organization.admin.post(
        "/v1/accounts", content=body, headers={"content-type": "application/json"}
    )

    problem(refused, 400)


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "application/x-www-form-urlencoded", "text/plain", "application/xml"],
)
def test_a_body_that_does_not_say_json_is_415(
    organization: Organization, content_type: str
) -> None:
    refused = organization.admin.post(
        "/v1/accounts", content=b"{}", headers={"content-type": content_type}
    )

    assert "application/json" in problem(refused, 415)["detail"]


def test_a_body_that_is_left_out_is_422(organization: Organization) -> None:
    refused = problem(organization.admin.post("/v1/accounts"), 422)

    assert [error["field"] for error in refused["errors"]] == ["body"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "My account"}, "name"),
        ({"name": None}, "name"),
        ({"write_logs": "no"}, "write_logs"),
        ({"regions": ["us-east-9"]}, "regions"),
        ({"role_name": "Admin"}, "role_name"),
        ({"provider_id": "700000000098"}, "provider_id"),
    ],
)
def test_a_bad_change_is_told_field_by_field(
    connected: Connected, change: dict[str, Any], field: str
) -> None:
    refused = connected.person.patch(connected.path, json=change)

    assert [error["field"] for error in problem(refused, 422)["errors"]] == [field]


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", "0"), ("limit", "101"), ("limit", "many"), ("status", "fine"), ("q", "x" * 65)],
)
def test_a_query_parameter_out_of_range_is_422(
    organization: Organization, name: str, value: str
) -> None:
    refused = organization.admin.get("/v1/accounts", params={name: value})

    assert [error["field"] for error in problem(refused, 422)["errors"]] == [name]
