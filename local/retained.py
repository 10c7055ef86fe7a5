"""The template with which a new stack takes over what an earlier one left behind:
`python -m local.retained`. docs/operating.md says how to use it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.release import expanded
from local.settings import ROOT


def retained(template: Mapping[str, Any]) -> dict[str, Any]:
    """What an import may have: the resources that outlive a stack, each with its DeletionPolicy,
    and what they refer to. No others, and no outputs.
    Source: CloudFormation User Guide, "Import AWS resources into a CloudFormation stack".
    """
    kept = ("Parameters", "Mappings", "Conditions")
    return {
        **{section: template[section] for section in kept if section in template},
        "Resources": {
            name: resource
            for name, resource in template["Resources"].items()
            if str(resource.get("DeletionPolicy")).startswith("Retain")
        },
    }


if __name__ == "__main__":
    (template,) = expanded((ROOT / "template.yaml").read_text())
    print(json.dumps(retained(template), indent=2))
