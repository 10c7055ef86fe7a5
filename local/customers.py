"""Sample customers: accounts of the embedded AWS with typical, partly faulty, IAM set-ups.

`CUSTOMERS` describes them. `prepare` sets one up with the customer's own credentials, as the
customer would do it, in any account number and any number of times.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import httpx
from botocore.exceptions import ClientError

from local import aws
from local.settings import REGION, Problem

USER_NAME = "CavokCloud"
_TAG = "cavok-sample"
_IMAGE = "ami-0123456789abcdef0"


@dataclass(frozen=True)
class Offer:
    """What a "Deploy on AWS" link offers: a template, and parameters that the link fills in."""

    stack_name: str
    template: str
    parameters: dict[str, str]

    @property
    def role_name(self) -> str:
        return self.parameters["RoleName"]

    @property
    def external_id(self) -> str:
        return self.parameters["ExternalId"]

    @classmethod
    def from_link(cls, deploy_on_aws_url: str) -> Offer:
        """Read a quick-create link as the CloudFormation console does, and fetch its template.

        The console reads `templateURL`, `stackName` and `param_<name>` from the fragment of the
        URL: CloudFormation User Guide, "Create quick-create links for stacks".
        """
        query = {
            k: v[0]
            for k, v in parse_qs(urlsplit(deploy_on_aws_url).fragment.partition("?")[2]).items()
        }
        response = httpx.get(query["templateURL"], timeout=60, trust_env=False)
        response.raise_for_status()
        parameters = {
            k.removeprefix("param_"): v for k, v in query.items() if k.startswith("param_")
        }
        return cls(query["stackName"], response.text, parameters)


@dataclass(frozen=True)
class CustomerAccount:
    """An account of the embedded AWS, with the credentials of its owner."""

    emulator_url: str
    account_number: str

    @property
    def iam(self) -> Any:
        return self.client("iam")

    def client(self, service: str) -> Any:
        return aws.client(service, self.emulator_url, self.account_number)


Change = Callable[[CustomerAccount, str], None]
"""What a customer changed after the set-up. Takes the name of the role, or of the user with the
access key.
"""


@dataclass(frozen=True, kw_only=True)
class Customer:
    """One sample customer. `access_type` and `write_logs` are entered in the "New Account" form."""

    key: str
    name: str
    account_number: str
    title: str
    access_type: Literal["assume_role", "access_key"] = "assume_role"
    write_logs: bool = True
    change: Change | None = None
    has_role: bool = True
    keys_from: str | None = None
    """Account number that the access key belongs to, if it is not the customer's own."""
    regions: tuple[str, ...] = ()
    """Regions entered in the form. Empty: the stack's own."""
    later: Change | None = None
    """What the customer changes after the first test."""


@dataclass(frozen=True)
class Prepared:
    """What `prepare` created in an account."""

    account_number: str
    instance_ids: tuple[str, ...]
    db_instance_id: str
    db_cluster_id: str
    role_name: str | None = None
    credentials: dict[str, str] | None = field(default=None, repr=False)
    """`access_key_id` and `secret_access_key`, as the API's `credentials` takes them. None for a
    role.
    """


def take_away(service: str) -> Change:
    """The customer removed the role's permissions for this service."""
    return lambda place, role: _keep(place, role, lambda action: service_of(action) != service)


def service_of(action: str) -> str:
    return action.partition(":")[0]


def bound_without(service: str) -> Change:
    """The customer set a permissions boundary without this service: it allows all others that the
    role's policies name.
    """

    def change(place: CustomerAccount, role: str) -> None:
        named = {
            service_of(action)
            for _, document in _inline_policies(place, role)
            for statement in document["Statement"]
            for action in _actions(statement)
        }
        set_boundary(*(f"{each}:*" for each in sorted(named - {service})))(place, role)

    return change


def _keep(place: CustomerAccount, role: str, is_kept: Callable[[str], bool]) -> None:
    """Remove all other actions from the role's inline policies."""
    for policy, document in _inline_policies(place, role):
        narrowed = [_narrowed(statement, is_kept) for statement in document["Statement"]]
        statements = [statement for statement in narrowed if statement["Action"]]
        if not statements:
            place.iam.delete_role_policy(RoleName=role, PolicyName=policy)
        elif statements != document["Statement"]:
            changed = json.dumps({**document, "Statement": statements})
            place.iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=changed)


def _inline_policies(place: CustomerAccount, role: str) -> list[tuple[str, dict[str, Any]]]:
    """The names and documents of the role's inline policies."""
    names = place.iam.list_role_policies(RoleName=role)["PolicyNames"]
    read = place.iam.get_role_policy
    return [(name, read(RoleName=role, PolicyName=name)["PolicyDocument"]) for name in names]


def _narrowed(statement: dict[str, Any], is_kept: Callable[[str], bool]) -> dict[str, Any]:
    return {**statement, "Action": [each for each in _actions(statement) if is_kept(each)]}


def _actions(statement: Mapping[str, Any]) -> list[str]:
    actions = statement["Action"]
    return actions if isinstance(actions, list) else [actions]


OnWhat = Callable[[CustomerAccount], str]
"""Finds the ARN, or the pattern of ARNs, that a customer limits a role to."""


def scope(
    *actions: str, on: OnWhat = lambda _: "*", condition: Mapping[str, Any] | None = None
) -> Change:
    """The customer allows these actions on some resources only, or under a condition."""

    def change(place: CustomerAccount, role: str) -> None:
        _keep(place, role, lambda action: action not in actions)
        (statement,) = _policy("Allow", list(actions))["Statement"]
        statement |= {"Resource": on(place)} | ({"Condition": condition} if condition else {})
        place.iam.put_role_policy(
            RoleName=role,
            PolicyName=f"Our{actions[0].split(':')[1]}",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    return change


def instance_named(name: str) -> OnWhat:
    """The ARN of the sample instance with this name."""

    def find(place: CustomerAccount) -> str:
        ec2 = aws.ec2(place.emulator_url, place.account_number)
        instance_id = _instances(ec2, {"Name": f"tag:{_TAG}", "Values": ["yes"]})[name]
        return f"arn:aws:ec2:*:{place.account_number}:instance/{instance_id}"

    return find


def add_database(name: str) -> Change:
    """The customer has one more database."""
    return lambda place, _: _create_database(place, name)


def add_encrypted_instance(name: str) -> Change:
    """The customer has one more instance, stopped, with a volume under a key of their own. The role
    that the template makes may not use the key, so the instance cannot be started with it.
    """

    def change(place: CustomerAccount, _role: str) -> None:
        ec2 = aws.ec2(place.emulator_url, place.account_number)
        if name in _instances(ec2):
            return
        kms = aws.client("kms", place.emulator_url, place.account_number)
        key = kms.create_key()["KeyMetadata"]["Arn"]
        volume: Any = {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "KmsKeyId": key}}
        made = _create_instance(ec2, name, "m7g.large", "prod", BlockDeviceMappings=[volume])
        ec2.stop_instances(InstanceIds=[made])

    return change


def forbid_other_regions(allowed: str) -> Change:
    """The customer's organization has a service control policy that denies all other regions, but
    for global services. As in the Organizations User Guide, "Deny access to AWS based on the
    requested AWS Region".
    """
    denying = {
        "Sid": "OnlyOurRegion",
        "Effect": "Deny",
        "NotAction": ["iam:*", "organizations:*", "sts:*", "account:*"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": [allowed]}},
    }

    def change(place: CustomerAccount, _role: str) -> None:
        number = place.account_number
        management = CustomerAccount(place.emulator_url, f"3{number[1:]}")
        organizations = management.client("organizations")
        if any(member["Id"] == number for member in organizations.list_accounts()["Accounts"]):
            return
        invited = organizations.invite_account_to_organization(
            Target={"Id": number, "Type": "ACCOUNT"}
        )
        handshake = invited["Handshake"]["Id"]
        place.client("organizations").accept_handshake(HandshakeId=handshake)
        made = organizations.create_policy(
            Name="OnlyOurRegion",
            Description="",
            Type="SERVICE_CONTROL_POLICY",
            Content=json.dumps({"Version": "2012-10-17", "Statement": [denying]}),
        )
        organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=number)

    return change


def each(*changes: Change) -> Change:
    """Several changes, one after the other."""

    def change(place: CustomerAccount, role: str) -> None:
        for one in changes:
            one(place, role)

    return change


def deny(*actions: str) -> Change:
    """The customer added an explicit deny of these actions."""

    def change(place: CustomerAccount, role: str) -> None:
        place.iam.put_role_policy(
            RoleName=role,
            PolicyName="OurRules",
            PolicyDocument=json.dumps(_policy("Deny", list(actions))),
        )

    return change


def set_boundary(*actions: str) -> Change:
    """The customer set a permissions boundary that allows only these actions."""

    def change(place: CustomerAccount, role: str) -> None:
        arn = f"arn:aws:iam::{place.account_number}:policy/Boundary"
        try:
            place.iam.create_policy(
                PolicyName="Boundary", PolicyDocument=json.dumps(_policy("Allow", list(actions)))
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityAlreadyExists":
                raise
        place.iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=arn)

    return change


def set_trust_condition(condition: Mapping[str, Any] | None) -> Change:
    """The customer replaced the condition of the trust policy. None removes it."""

    def change(place: CustomerAccount, role: str) -> None:
        document = place.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        for statement in document["Statement"]:
            statement.pop("Condition", None)
            if condition is not None:
                statement["Condition"] = condition
        place.iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))

    return change


def delete_keys(place: CustomerAccount, user: str) -> None:
    """The customer deleted the user's access keys."""
    for key in place.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        place.iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])


_EC2_ACTS = ("ec2:StartInstances", "ec2:StopInstances")
_DATABASE_ACTS = ("rds:StartDBInstance", "rds:StopDBInstance")
_CLUSTER_ACTS = ("rds:StartDBCluster", "rds:StopDBCluster")
_IS_DEV = {"StringEquals": {"aws:ResourceTag/stage": "dev"}}

_ALL = (
    Customer(
        key="all-permissions",
        name="Production",
        account_number="200000000001",
        title="All permissions",
    ),
    Customer(
        key="ec2-only",
        name="WebServers",
        account_number="200000000002",
        title="EC2 only",
        change=take_away("rds"),
    ),
    Customer(
        key="logs-refused",
        name="QuietHouse",
        account_number="200000000003",
        title="Log writing refused",
        change=take_away("logs"),
    ),
    Customer(
        key="stop-denied",
        name="NeverStop",
        account_number="200000000004",
        title="Explicit deny on ec2:StopInstances",
        change=deny("ec2:StopInstances"),
    ),
    Customer(
        key="boundary-cuts-rds",
        name="Bounded",
        account_number="200000000005",
        title="A permissions boundary without RDS",
        change=bound_without("rds"),
    ),
    Customer(
        key="no-external-id",
        name="OpenDoor",
        account_number="200000000006",
        title="A role that needs no external ID",
        change=set_trust_condition(None),
    ),
    Customer(
        key="any-external-id",
        name="AnyName",
        account_number="200000000007",
        title="A role that accepts any external ID",
        change=set_trust_condition({"StringLike": {"sts:ExternalId": "*"}}),
    ),
    Customer(
        key="access-key",
        name="KeyHolder",
        account_number="200000000008",
        title="An IAM user with keys",
        access_type="access_key",
    ),
    Customer(
        key="keys-of-another-account",
        name="MixedUp",
        account_number="200000000009",
        title="Keys of another account than the entered number",
        access_type="access_key",
        keys_from="200000000099",
    ),
    Customer(
        key="no-role-yet",
        name="NotReady",
        account_number="200000000010",
        title="A role that does not exist yet",
        has_role=False,
    ),
    Customer(
        key="one-instance",
        name="OneInstance",
        account_number="200000000011",
        title="A role for one instance, by its ARN",
        change=scope(*_EC2_ACTS, on=instance_named("batch")),
    ),
    Customer(
        key="by-tag",
        name="ByTag",
        account_number="200000000012",
        title="A role for what is tagged stage=dev",
        change=each(
            scope(*_EC2_ACTS, condition={"StringEquals": {"ec2:ResourceTag/stage": "dev"}}),
            scope(*_DATABASE_ACTS, *_CLUSTER_ACTS, condition=_IS_DEV),
        ),
    ),
    Customer(
        key="by-database-name",
        name="DevDatabases",
        account_number="200000000013",
        title="A role for databases named dev-…",
        change=each(
            add_database("dev-orders"),
            scope(*_DATABASE_ACTS, on=lambda _: "arn:aws:rds:*:*:db:dev-*"),
            scope(*_CLUSTER_ACTS, on=lambda _: "arn:aws:rds:*:*:cluster:dev-*"),
        ),
    ),
    Customer(
        key="region-by-scp",
        name="OneRegion",
        account_number="200000000014",
        title="An organization that denies a region",
        regions=("us-east-1", "eu-central-1"),
        change=forbid_other_regions("us-east-1"),
    ),
    Customer(
        key="region-off",
        name="OptIn",
        account_number="200000000015",
        title="A region that is not turned on",
        regions=("us-east-1", "me-south-1"),
    ),
    Customer(
        key="encrypted-instance",
        name="Vault",
        account_number="200000000016",
        title="An encrypted instance that the role cannot start",
        change=add_encrypted_instance("vault"),
    ),
    Customer(
        key="opened-later",
        name="LeftAjar",
        account_number="200000000017",
        title="A role whose external ID is dropped after its test",
        later=set_trust_condition(None),
    ),
)

CUSTOMERS = {customer.key: customer for customer in _ALL}


def prepare(
    customer: Customer,
    emulator_url: str,
    *,
    account_number: str | None = None,
    offer: Offer | None = None,
    policy_document: Mapping[str, Any] | None = None,
    region: str = "us-east-1",
) -> Prepared:
    """Set up a customer's account: resources, and the role or access key for us.

    Customers with a role need `offer`, those with an access key `policy_document`, from
    `GET /v1/permissions`. `account_number` sets the same customer up in another account.
    Idempotent, except that each call creates a new access key. Raises Problem.
    """
    place = CustomerAccount(emulator_url, account_number or customer.account_number)
    resources = _create_resources(place, region)
    if customer.access_type == "access_key":
        if policy_document is None:
            raise Problem(f"{customer.title}: a policy document is needed")
        owner = CustomerAccount(emulator_url, customer.keys_from or place.account_number)
        credentials = make_user(owner, policy_document)
        if customer.change:
            customer.change(owner, USER_NAME)
        return Prepared(**resources, credentials=credentials)
    if not customer.has_role:
        return Prepared(**resources)
    if offer is None:
        raise Problem(f"{customer.title}: the offer of a Deploy on AWS link is needed")
    deploy(place, offer)
    if customer.change:
        customer.change(place, offer.role_name)
    return Prepared(**resources, role_name=offer.role_name)


def deploy(place: CustomerAccount, offer: Offer, *, seconds: int = 60) -> None:
    """As `begin_to_deploy`, and waits for it. Raises botocore's WaiterError if it fails, or takes
    longer.
    """
    if waiter := begin_to_deploy(place, offer):
        wait: Any = aws.cloudformation(place.emulator_url, place.account_number).get_waiter
        attempts = {"Delay": 1, "MaxAttempts": seconds}
        wait(waiter).wait(StackName=offer.stack_name, WaiterConfig=attempts)


def begin_to_deploy(place: CustomerAccount, offer: Offer) -> str | None:
    """Create or update the offered stack in the customer's account, as the CloudFormation console
    would. The stack says nothing to Cavok unless the offer's parameters say so, because most tests
    start their own tests. Returns what botocore calls its end, or None if there is nothing to do.
    """
    quiet = {"ReportConnection": "No"} if "ReportConnection" in offer.template else {}
    cloudformation = aws.cloudformation(place.emulator_url, place.account_number)
    stack: dict[str, Any] = {
        "StackName": offer.stack_name,
        "TemplateBody": offer.template,
        "Parameters": [
            {"ParameterKey": k, "ParameterValue": v}
            for k, v in (quiet | dict(offer.parameters)).items()
        ],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    try:
        cloudformation.create_stack(**stack)
    except cloudformation.exceptions.AlreadyExistsException:
        try:
            cloudformation.update_stack(**stack)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
            return None
        return "stack_update_complete"
    return "stack_create_complete"


def make_user(place: CustomerAccount, policy_document: Mapping[str, Any]) -> dict[str, str]:
    """Create the IAM user with this policy and one new access key, as `Prepared.credentials`."""
    iam = aws.iam(place.emulator_url, place.account_number)
    try:
        iam.create_user(UserName=USER_NAME)
    except iam.exceptions.EntityAlreadyExistsException:
        delete_keys(place, USER_NAME)
    iam.put_user_policy(
        UserName=USER_NAME, PolicyName="CavokCloud", PolicyDocument=json.dumps(policy_document)
    )
    made = iam.create_access_key(UserName=USER_NAME)["AccessKey"]
    return {"access_key_id": made["AccessKeyId"], "secret_access_key": made["SecretAccessKey"]}


def _create_resources(place: CustomerAccount, region: str) -> dict[str, Any]:
    """Create two EC2 instances, one of them stopped, an RDS instance, and an Aurora cluster with
    one instance. Returns their IDs, as fields of `Prepared`.
    """
    ec2 = aws.ec2(place.emulator_url, place.account_number, region)
    found = _instances(ec2, {"Name": f"tag:{_TAG}", "Values": ["yes"]})
    if not found:
        found = {
            "web": _create_instance(ec2, "web", "t3.small", "prod"),
            "batch": _create_instance(ec2, "batch", "m7g.large", "dev"),
        }
        ec2.stop_instances(InstanceIds=[found["batch"]])
    _create_databases(place, region)
    return {
        "account_number": place.account_number,
        "instance_ids": tuple(found.values()),
        "db_instance_id": "orders",
        "db_cluster_id": "ledger",
    }


def _instances(ec2: Any, *filters: Any) -> dict[str, str]:
    """IDs of the instances that are not terminated, by name, in the order of their creation."""
    states = ["pending", "running", "stopping", "stopped"]
    found = ec2.describe_instances(
        Filters=[*filters, {"Name": "instance-state-name", "Values": states}]
    )
    return {
        tag["Value"]: instance["InstanceId"]
        for reservation in found["Reservations"]
        for instance in reservation["Instances"]
        for tag in instance.get("Tags", [])
        if tag["Key"] == "Name"
    }


def _create_instance(ec2: Any, name: str, instance_type: str, stage: str, **fields: Any) -> str:
    tags = [
        {"Key": "Name", "Value": name},
        {"Key": "stage", "Value": stage},
        {"Key": _TAG, "Value": "yes"},
    ]
    made = ec2.run_instances(
        ImageId=_IMAGE,
        InstanceType=instance_type,
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        **fields,
    )
    return str(made["Instances"][0]["InstanceId"])


_ADMIN: Any = {"MasterUsername": "sample", "MasterUserPassword": "sample-password"}


def _create_databases(place: CustomerAccount, region: str) -> None:
    rds = aws.rds(place.emulator_url, place.account_number, region)
    _create_database(place, "orders", region)
    if not _exists(rds.describe_db_clusters, DBClusterIdentifier="ledger"):
        rds.create_db_cluster(
            DBClusterIdentifier="ledger", Engine="aurora-postgresql", Tags=_stage("dev"), **_ADMIN
        )
        rds.create_db_instance(
            DBInstanceIdentifier="ledger-1",
            Engine="aurora-postgresql",
            DBInstanceClass="db.r7g.large",
            DBClusterIdentifier="ledger",
        )


def _create_database(place: CustomerAccount, name: str, region: str = REGION) -> None:
    rds = aws.rds(place.emulator_url, place.account_number, region)
    if not _exists(rds.describe_db_instances, DBInstanceIdentifier=name):
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            Engine="postgres",
            DBInstanceClass="db.t4g.small",
            AllocatedStorage=20,
            Tags=_stage("prod"),
            **_ADMIN,
        )


def _stage(stage: str) -> Any:
    return [{"Key": "stage", "Value": stage}]


def _exists(describe: Callable[..., Any], **name: str) -> bool:
    try:
        describe(**name)
    except ClientError as error:
        if "NotFound" not in error.response["Error"]["Code"]:
            raise
        return False
    return True


def _policy(effect: str, actions: list[str]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": actions, "Resource": "*"}],
    }
