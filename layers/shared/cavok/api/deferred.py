"""Imported before every other module that makes Pydantic models: theirs are then built at their
first use.

Powertools' OpenAPI models alone take a fifth of the API's start-up to build, and only /openapi.json
and /docs ever use them; of our own, a request uses those of its route. Measured in
docs/performance.md. Source: Pydantic documentation, `ConfigDict.defer_build`.
"""

from pydantic import BaseModel

BaseModel.model_config["defer_build"] = True
