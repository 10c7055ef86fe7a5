"""Import this first in an HTTP function: it defers what a start need not do.

Each Pydantic model is built at its first use. Building Powertools' OpenAPI models takes a fifth of
the start-up, and only /openapi.json and /docs use them. Of our own models, a request uses those of
its route. Source: Pydantic documentation, `ConfigDict.defer_build`.

No garbage is collected until `cavok.api.app.make_app`. What is imported lives as long as the
process, and looking through it again and again takes a seventh of the start-up. Both measured in
docs/performance.md.
"""

import gc

from pydantic import BaseModel

gc.disable()
BaseModel.model_config["defer_build"] = True
