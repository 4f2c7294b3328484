"""Recordings handed to the child that opens them, and its answer; never opens one itself."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ioc.sounds.errors import RecordingRefused, SoundUnavailable

Purpose = Literal["voice", "file"]
"""A voice is freed of noise; a file may be music and is not."""

LONGEST_S = 3_600.0
_PATIENCE_S = 900.0
"""An hour of audio takes two minutes here; a small machine is five times slower."""
_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "HOME")


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """A recording as loudspeakers may play it."""

    duration_s: float
    loudness_lufs: float
    """As it came; what was written is level with every other."""


class Cleaner:
    """Starts one child per recording, two at most at a time: each keeps a core busy."""

    def __init__(self, *, longest_s: float = LONGEST_S, patience_s: float = _PATIENCE_S) -> None:
        """Refuse what is longer; give a child `patience_s` before it is killed."""
        self._longest_s = longest_s
        self._patience_s = patience_s
        self._turns = asyncio.Semaphore(2)

    async def clean(self, source: Path, target: Path, *, purpose: Purpose) -> Cleaned:
        """Write the cleaned recording to `target`, which must not exist.

        Raises:
            RecordingRefused: with the sentence for its author.
            SoundUnavailable: the child failed; the technician must look.
        """
        async with self._turns:
            answer = await self._ask(source, target, purpose)
        if (why := answer.pop("refused", None)) is not None:
            raise RecordingRefused(why, **answer)
        return Cleaned(duration_s=answer["duration_s"], loudness_lufs=answer["loudness_lufs"])

    async def _ask(self, source: Path, target: Path, purpose: Purpose) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "ioc.sounds", str(source), str(target), purpose, str(self._longest_s)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # libav's complaints; the exit code says enough
            env=_environment(),
        )
        try:
            async with asyncio.timeout(self._patience_s):
                said, _ = await process.communicate()
        except TimeoutError as error:
            raise SoundUnavailable(f"no answer within {self._patience_s:.0f} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            # Its limits end a hostile file like a broken one: nobody else's recording is touched.
            raise SoundUnavailable(f"the decoder ended with {process.returncode}")
        answer: dict[str, Any] = json.loads(said)
        return answer


def _environment() -> dict[str, str]:
    """Return what a child needs and no more: no secret of the service reaches it."""
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    # One thread of algebra: each would reserve memory that the limits count.
    return kept | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
