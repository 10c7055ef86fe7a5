"""The body of a look for an account's role."""

from cavok.api.models.common import ResponseBody
from cavok.domain.detection import Detection


class DetectionBody(ResponseBody):
    """`waiting`: the account is looked at every five seconds, and its role does not let us in yet.
    `busy`: five other accounts of your organization are being looked at, the most at a time, or its
    quota of tests is used up for the moment. `found`: the role lets us in, and a test has started.
    `off`: the account does not wait for its role: it is connected, tested, revoked or entered with
    an access key, or its last test found something else.
    """

    state: Detection
