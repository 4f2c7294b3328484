"""What the status of a final answer means, by who must act; pure."""

from collections.abc import Mapping

from drivers.loudspeaker import (
    DeviceBusy,
    LoudspeakerError,
    SinkUnusable,
    Unreachable,
    WrongPassword,
)

_MEANINGS: Mapping[int, tuple[type[LoudspeakerError], str]] = {
    **dict.fromkeys((401, 403, 407), (WrongPassword, "the device refuses the account")),
    **dict.fromkeys((486, 600, 603), (DeviceBusy, "the device is busy")),
    **dict.fromkeys((404, 410, 484, 604), (SinkUnusable, "this extension does not exist there")),
    **dict.fromkeys((406, 415, 488, 606), (SinkUnusable, "the device takes no codec offered")),
    **dict.fromkeys((408, 430, 480, 487), (Unreachable, "the device cannot be reached")),
}


def refusal(status: int, reason: str) -> LoudspeakerError:
    """Translate an answer of 300 and more (RFC 3261 §21)."""
    otherwise = (
        (Unreachable, "the device is in trouble")
        if status >= 500
        else (SinkUnusable, "the device refuses the call")
    )
    kind, meaning = _MEANINGS.get(status, otherwise)
    return kind(f"{meaning}: {f'{status} {reason}'.strip()[:80]}")
