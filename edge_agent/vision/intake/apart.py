"""Keeps what goes wrong with one camera from all others; knows no camera."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from edge_agent.vision.stream.lost import SourceLost


class AnalysisFailed(SourceLost):
    """Something unexpected went wrong: what was known of the camera may be spoilt."""


_log = structlog.get_logger(__name__)


@contextmanager
def keeping_apart(camera_id: str) -> Iterator[None]:
    """Turn whatever goes wrong with one camera into its loss, which is said and tried again.

    Otherwise a thread would end in silence and nobody would know that the camera is not watched.
    """
    try:
        yield
    except (SourceLost, BrokenPipeError):
        raise
    except Exception as error:
        # The text of a foreign error may hold an address with its password.
        place = traceback.extract_tb(error.__traceback__)[-1]
        why = type(error).__name__
        at = f"{place.filename}:{place.lineno}"
        _log.error("camera_failed", camera_id=camera_id, error=why, at=at)
        raise AnalysisFailed("undecodable", f"its stream cannot be analysed: {why}") from error
