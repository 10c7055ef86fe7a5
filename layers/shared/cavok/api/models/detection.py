"""The body of a look for an account's role."""

from cavok.api.models.common import ResponseBody
from cavok.domain.detection import Detection


class DetectionBody(ResponseBody):
    """What a check for an account's role found."""

    state: Detection
