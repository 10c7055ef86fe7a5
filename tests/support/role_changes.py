"""What EventBridge delivers when a role is changed in a customer's account.

The event has the form of the EventBridge Events Reference, "AWS Identity and Access Management
events", and its detail that of the CloudTrail User Guide, "CloudTrail record contents".
"""

from __future__ import annotations

from typing import Any

from tests.support.builders import NOW
from tests.support.moto_stack import Json

ADA = "arn:aws:iam::111122223333:user/ada"


def event_of_iam(number: str = "111122223333", event: str = "e-1", **detail: Any) -> Json:
    """That ada changed the role's trust policy, but for what `detail` says otherwise."""
    return {
        "version": "0",
        "id": event,
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.iam",
        "account": number,
        "time": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {"type": "IAMUser", "arn": ADA, "accountId": number},
            "eventTime": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": "iam.amazonaws.com",
            "eventName": "UpdateAssumeRolePolicy",
            "awsRegion": "us-east-1",
            "requestParameters": {"roleName": "CavokCloud", "policyDocument": "{}"},
            "responseElements": None,
            "eventID": "0c1f2d3e-5a6b-4c7d-8e9f-001122334455",
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": number,
        }
        | detail,
    }
