"""Templates as CloudFormation gets them, with SAM's own resources expanded. Runs in the environment
of `sam`: a list of YAML texts comes in as JSON, a list of templates goes out.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from boto3.session import Session
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

_REGION = "us-east-1"
_CODE = ("CodeUri", "ContentUri", "DefinitionUri")


def expanded(text: str) -> dict[str, Any]:
    template = json.loads(json.dumps(yaml_parse(text)))
    for resource in template["Resources"].values():
        # SAM takes addresses alone. What is behind them does not matter here.
        code = dict.fromkeys(_CODE, "s3://bucket/key")
        properties = resource.get("Properties", {})
        properties.update({name: code[name] for name in _CODE if name in properties})
    translator = Translator({}, Parser(), boto_session=Session(region_name=_REGION))
    result: dict[str, Any] = translator.translate(template, {"AWS::Region": _REGION})
    return result


if __name__ == "__main__":
    json.dump([expanded(text) for text in json.load(sys.stdin)], sys.stdout)
