"""cfn-lint, which else loads its rules anew for each template: most of its time."""

from __future__ import annotations

from functools import cache

from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.rules import Match, Rules
from cfnlint.runner import Runner, run_template_by_data


def findings(template: str) -> list[Match]:
    """As `cfnlint.api.lint` has them."""
    decoded, errors = decode_str(template)
    return errors or list(run_template_by_data(decoded, _config(), _rules()))


def _config() -> ConfigMixIn:
    return ConfigMixIn(regions=["us-east-1"])


@cache
def _rules() -> Rules:
    return Runner(_config()).rules
