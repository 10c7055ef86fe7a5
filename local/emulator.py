"""The embedded AWS as a process: `python -m local.emulator`, run by the emulator's own interpreter.

Only the standard library and ministack may be imported here: the Lambda workers run in this
interpreter too, and whatever it has installed they would find, whether or not it is in the layer.

Its one argument, the run id, is read by nobody here: it is how `local.process` recognises the
process as its own. Takes `GATEWAY_PORT`, `TMPDIR`, `STATE_DIR` and `S3_DATA_DIR` from the
environment (`local.stack` sets them).
"""

from __future__ import annotations

import sys


def main() -> None:
    """Serve until SIGTERM. Exits with status 1 and one line on stdout if the port is taken."""
    # Services are imported on their first request otherwise, which would bring back what the
    # corrections replace.
    from local import faults, fidelity

    fidelity.apply_all()
    # ministack has options of its own and refuses an argument that it does not know.
    del sys.argv[1:]

    from ministack import app

    faults.make_possible(app)
    app.main()


if __name__ == "__main__":
    main()
