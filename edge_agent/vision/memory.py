"""How the memory of one process serves many cameras, and how it goes back to the system. glibc only."""

import ctypes
import gc
from functools import cache

OWN_PAGES_BYTES, SPARE_BYTES = 491_520, 4_194_304
"""What is larger goes back to the system as soon as it is freed: the pictures of a decoder. And so
much free memory at the end of an arena stays for the next that needs some."""


COLLECTED_AFTER = 20_000
"""So many more objects made than given up since the last collection lead to another."""


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def keep_together() -> None:
    """Have all threads allocate from two arenas: one for each of many cameras is never full.

    The pictures of decoders, which come and go with whoever passes by, stay out of them: left to
    itself, the allocator takes them in after the first and keeps the most that was ever needed.
    """
    m_trim_threshold, m_mmap_threshold, m_arena_max = -1, -3, -8  # mallopt(3)
    libc = _libc()
    libc.mallopt(m_arena_max, 2)
    libc.mallopt(m_mmap_threshold, OWN_PAGES_BYTES)
    libc.mallopt(m_trim_threshold, SPARE_BYTES)


def collect_seldom() -> None:
    """Spare garbage collections what lives as long as the process, and packets, which hold no cycles.

    With many cameras some thousand packets come at once, before as many old ones go.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER)


def give_back() -> None:
    """Return to the system what nobody holds any more, for whoever ends: some milliseconds.

    What a camera held lies between what others hold. The allocator by itself returns only what is
    free at the end of an arena, and pieces of all sizes come to fit less and less.
    """
    gc.collect()
    _libc().malloc_trim(0)
