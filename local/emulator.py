"""The embedded AWS as a process: `python -m local.emulator`, run by the emulator's own interpreter.

Only the standard library and ministack may be imported here: the Lambda workers run in this
interpreter too, and would find what it has installed, whether or not it is in the layer.

Its one argument, the run ID, is not used here: `local.process` recognizes the process by it. Takes
`GATEWAY_PORT`, `TMPDIR`, `STATE_DIR` and `S3_DATA_DIR` from the environment (`local.process` sets
them).
"""

from __future__ import annotations

import sys


def main() -> None:
    """Serve until SIGTERM. Exits with status 1 and one line on stdout if the port is in use."""
    # The corrections go first: they import the services, and must be in place when these are used.
    from local import calls, faults, fidelity

    # Beneath them, so that calls are recorded as corrected.
    calls.install()
    fidelity.apply_all()
    # ministack parses the command line too and rejects unknown arguments.
    del sys.argv[1:]

    from ministack import app

    faults.install(app)
    app.main()


if __name__ == "__main__":
    main()
