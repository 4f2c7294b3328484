"""The child that opens a stranger's file: limits first, then the look, one JSON object as answer."""

import json
import os
import resource
import sys
from pathlib import Path

# Decoding streams, so that an hour needs no more than a minute; what asks for more is an attack.
_MEMORY_BYTES = 2_000_000_000
_CPU_S = 600
_LARGEST_RESULT_BYTES = 25_000_000
_OPEN_FILES = 32


def _limit() -> None:
    for kind, value in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_FSIZE, _LARGEST_RESULT_BYTES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))
    os.nice(10)


def main() -> int:
    """Clean the file named first into the file named second, for the purpose named third."""
    _limit()
    from ioc.sounds.cleaning import (  # noqa: PLC0415 - behind the limits: libraries obey them too
        Refused,
        clean_file,
    )

    source, target, purpose, longest_s = sys.argv[1:5]
    try:
        cleaned = clean_file(
            Path(source),
            Path(target),
            is_voice=purpose == "voice",
            longest_s=float(longest_s),
        )
    except Refused as refusal:
        answer: dict[str, object] = {"refused": refusal.why, **refusal.values}
    else:
        answer = {"duration_s": cleaned.duration_s, "loudness_lufs": cleaned.loudness_lufs}
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
