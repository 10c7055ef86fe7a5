"""The body of a look for an account's role."""

from cavok.api.models.common import ResponseBody
from cavok.domain.detection import Detection


class DetectionBody(ResponseBody):
    """`waiting`: the role does not let Cavok in yet. It is checked every five seconds at most.
    `busy`: five other accounts of your organization are being checked, the most at a time, or its
    quota of tests is used up for the moment. `found`: the role lets Cavok in, and a test has
    started. `off`: there is nothing to wait for. The account is connected, tested, revoked or
    entered with an access key, or its last test found something else.
    """

    state: Detection
