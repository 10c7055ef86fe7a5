"""CloudFormation: the template behind “Deploy on AWS” deploys from a presigned address."""

from __future__ import annotations

from botocore.config import Config

from cavok.adapters.templates import Templates
from cavok.domain.instructions import Trust, cloudformation_template, stack_parameters
from tests.contract.place import Place


def test_a_presigned_template_of_a_function_s_session_deploys(place: Place) -> None:
    """The URL contains a session token, like one that a Lambda function signs, so it is long. The
    API accepts 5,120 characters. Only a person can check the console's quick-create page.
    """
    bucket, s3 = f"cavok-contract-{place.run}-{place.account_number}", place.client("s3")
    where = {} if place.region == "us-east-1" else {"LocationConstraint": place.region}
    s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))
    place.later(s3.delete_bucket, Bucket=bucket)
    account = place.account(place.name("deployed"))
    trust = Trust(trusted_account_id=place.account_number, external_id=place.external_id)
    template = cloudformation_template(account, trust)
    url = _publisher(place, bucket).publish(template)
    for stored in s3.list_objects_v2(Bucket=bucket)["Contents"]:
        place.later(s3.delete_object, Bucket=bucket, Key=stored["Key"])
    cloudformation, stack = place.client("cloudformation"), place.name("stack")
    cloudformation.create_stack(
        StackName=stack,
        TemplateURL=url,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in stack_parameters(account, trust).items()
        ],
    )
    place.later(cloudformation.get_waiter("stack_delete_complete").wait, StackName=stack)
    place.later(cloudformation.delete_stack, StackName=stack)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack)
    assert place.enter(str(account.role_name)).account_number == place.account_number


def _publisher(place: Place, bucket: str) -> Templates:
    """Publishes templates with a role's credentials, like the API's function."""
    statement = {
        "Effect": "Allow",
        "Action": ["s3:PutObject", "s3:GetObject"],
        "Resource": f"arn:aws:s3:::{bucket}/connect/*",
    }
    role = place.role("publisher", {"Version": "2012-10-17", "Statement": [statement]})
    s3 = place.client_of(role, "s3", config=Config(signature_version="s3v4"))
    return Templates(s3, bucket)
