"""`python -m simulator`: run a whole commune on this machine; what `make run` starts."""

import asyncio
import os
import sys

from simulator.commune.folder import FolderBusy
from simulator.commune.founding import FoundingFailed
from simulator.commune.options import parse_options
from simulator.commune.process import NotReady
from simulator.commune.programs import MissingProgram
from simulator.commune.runner import Commune
from simulator.commune.voice import Voice


def main() -> int:
    """Run until Ctrl-C; return 0, or 1 with one clear complaint on stderr."""
    options = parse_options(sys.argv[1:], os.environ)
    commune = Commune(options, Voice(as_json=options.json), os.environ)
    complaints: list[str] = []
    try:
        asyncio.run(commune.run())
    except* (FolderBusy, FoundingFailed, MissingProgram, NotReady) as failures:
        complaints = [str(failure) for failure in failures.exceptions]
    for complaint in complaints:
        sys.stderr.write(f"The commune cannot run: {complaint}\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
