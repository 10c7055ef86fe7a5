"""Import this first in an HTTP function: it defers work that a start does not need.

Each Pydantic model is built at its first use. Building Powertools' OpenAPI models takes a fifth of
the start-up, and only /openapi.json and /docs use them. Of our own models, a request uses only
those of its route. Measured in docs/performance.md. Source: Pydantic documentation,
`ConfigDict.defer_build`.
"""

from pydantic import BaseModel

BaseModel.model_config["defer_build"] = True
