"""Whether pictures come as often, as whole and as punctually as they should; pure."""

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

WINDOW_S = 10.0
"""Over this time pictures are counted."""
LEARN_WINDOWS = 3
"""So many windows show how many pictures usually come."""
LOW_SHARE, WELL_SHARE = 0.4, 0.6
"""Of the usual rate: half of it is what a slow shutter does at night, less is a fault."""
NOMINAL_SHARE = 0.2
"""Of the rate that the stream names: many cameras name 25 and send 15, or count fields."""
RATE_RISE, RATE_FALL = 0.1, 0.001
"""By which share of the difference the usual rate follows in a window."""
ERRORS_WINDOWS = 6
"""Errors are counted over a minute."""
ERROR_SHARE, CLEAN_SHARE, LEAST_ERRORS = 0.02, 0.005, 3
TORN_SHARE, MENDED_SHARE = 0.1, 0.05
"""Of the pictures of a minute: one that is missing in a group of ten seconds tears less, on average."""
DRIFT_WINDOWS = 360
"""Drift is measured over at most an hour."""
DRIFT_S, PUNCTUAL_S = 2.0, 1.0
WRONG_S, RIGHT_S = 60.0, 30.0
"""So far from the right time the clock of a camera is wrong, and so near it is right again."""
EXACT_S = 5.0
"""So near, what the clock did before says nothing more: it has been set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """Totals of one watch so far."""

    decoded: int
    """Packets given to the decoder."""
    errors: int
    """Of these, how many gave no picture or a broken one."""
    missing: int = 0
    """Pictures that did not come, or not as a whole, and were not given to the decoder."""
    gaps: int = 0
    """How many more the pictures that came told of, at least: most of these are `missing`."""
    torn: int = 0
    """Pictures that are predicted from broken or missing ones, and so were not looked at."""
    main_fault: str | None = None
    """Why the main stream gives no evidence; None: it does, or there is none."""
    drift_s: float | None
    """How much more time has passed on the camera's clock than on the gateway's."""


class PictureRate:
    """Compares the pictures received per second with what is usual."""

    def __init__(self, nominal_fps: float) -> None:
        self._nominal_fps = nominal_fps
        self._first: list[float] = []
        self._low = False
        self.usual_fps = 0.0
        self.fps = 0.0

    def step(self, fps: float) -> bool | None:
        """Take the rate of one window; return whether it is too low; None: not known yet."""
        self.fps = fps
        if len(self._first) < LEARN_WINDOWS:
            self._first.append(fps)
            self.usual_fps = sorted(self._first)[len(self._first) // 2]
            return None
        usual = max(self.usual_fps, NOMINAL_SHARE * self._nominal_fps / LOW_SHARE)
        self._low = fps < (WELL_SHARE if self._low else LOW_SHARE) * usual
        if not self._low:
            rate = RATE_RISE if fps > self.usual_fps else RATE_FALL
            self.usual_fps += rate * (fps - self.usual_fps)
        return self._low


class Flow:
    """Watches the packets of one stream in windows of `WINDOW_S`."""

    def __init__(self, nominal_fps: float) -> None:
        self._begun_s: float | None = None
        self._packets = 0
        nothing = (Count(decoded=0, errors=0, drift_s=None), 0)
        self._counts: deque[tuple[Count, int]] = deque([nothing], ERRORS_WINDOWS + 1)
        """With the packets that had come by then."""
        self._came = 0
        self._drifts: deque[float] = deque(maxlen=DRIFT_WINDOWS)
        self.rate = PictureRate(nominal_fps)
        self.low_rate: bool | None = None
        self.broken: bool | None = None
        self.wrong_clock: bool | None = None
        self.lacks_main: bool | None = None
        self.main_fault = ""
        """Why the main stream did not come when it last did not."""
        self.error_share = self.torn_share = 0.0
        self.drift_s = 0.0
        """Over the last hour, or since the watch began."""
        self._offsets_s: deque[float] = deque(maxlen=2)
        """Of the camera's clock from the right time, as it last told. One answer proves nothing: it
        may just have started."""
        self._off_s = 0.0
        """Which of them was last taken for wrong, 0 for none."""

    def skip(self, packets: int) -> None:
        """Count packets that came, but that the gateway had no time to look at."""
        self._packets += packets

    def packets(self, count: int, t_s: float) -> bool:
        """Count packets, the last shown at `t_s`; return whether `judge` is due: a window is full."""
        if self._begun_s is None or t_s < self._begun_s:
            self._begun_s, self._packets = t_s, 0
            return False
        self._packets += count
        self._came += count
        return t_s - self._begun_s >= WINDOW_S

    def judge(self, t_s: float, count: Count) -> None:
        """Close the window."""
        assert self._begun_s is not None  # noqa: S101 - a window is full
        self.low_rate = self.rate.step(self._packets / (t_s - self._begun_s))
        self._begun_s, self._packets = t_s, 0
        self._judge_errors(count)
        self.main_fault = count.main_fault or self.main_fault
        self.lacks_main = count.main_fault is not None
        if count.drift_s is not None:
            self._drifts.append(count.drift_s)
        self.wrong_clock = self._judge_clock()

    def note_clock(self, offset_s: float | None) -> None:
        """Hear how far the camera's clock is from the right time; None: it does not tell."""
        if offset_s is None:
            self._offsets_s.clear()
            return
        self._offsets_s.append(offset_s)
        if abs(offset_s) < EXACT_S:
            self._drifts.clear()

    def describe(
        self, condition: Literal["low_frame_rate", "decode_errors", "clock_drift", "main_stream"]
    ) -> str:
        """Return what was measured."""
        if condition == "low_frame_rate":
            return f"{self.rate.fps:.1f} pictures per second, usually {self.rate.usual_fps:.1f}"
        if condition == "decode_errors" and self.torn_share > self.error_share:
            torn = f"{self.torn_share:.0%} of the last minute's pictures"
            return f"{torn} could not be used: they follow broken or missing ones"
        if condition == "decode_errors":
            return f"{self.error_share:.0%} of the last minute's pictures were broken or missing"
        if condition == "main_stream":
            return f"{self.main_fault}: clips are cut from the sub-stream meanwhile"
        if self._off_s:
            word = "ahead of" if self._off_s > 0 else "behind"
            off = timedelta(seconds=round(abs(self._off_s)))
            return f"the camera's clock is {off} {word} the right time"
        word = "ahead of" if self.drift_s > 0 else "behind"
        return (
            f"the camera's clock went {abs(self.drift_s):.1f} s {word} the gateway's within an hour"
        )

    def _judge_clock(self) -> bool | None:
        if not (self._drifts or self._offsets_s):
            return None
        self.drift_s = self._drifts[-1] - self._drifts[0] if self._drifts else 0.0
        drifts = abs(self.drift_s) > (PUNCTUAL_S if self.wrong_clock else DRIFT_S)
        nearest_s = min(self._offsets_s, key=abs) if len(self._offsets_s) > 1 else 0.0
        is_off = abs(nearest_s) > (RIGHT_S if self._off_s else WRONG_S)
        self._off_s = nearest_s if is_off else 0.0
        return is_off or drifts

    def _judge_errors(self, count: Count) -> None:
        self._counts.append((count, self._came))
        before, had_come = self._counts[0]
        decoded, errors = count.decoded - before.decoded, count.errors - before.errors
        # Both tell of the same pictures, and each of some that the other does not know of.
        missing = max(count.missing - before.missing, count.gaps - before.gaps)
        # At rest few are decoded of those that come.
        sent = self._came - had_come + missing
        self.error_share = max(_share(errors, decoded), _share(missing, sent))
        # Over less than a minute, a single one may tear a large share.
        whole_minute = len(self._counts) > ERRORS_WINDOWS
        self.torn_share = _share(count.torn - before.torn, sent) if whole_minute else 0.0
        least, torn = (CLEAN_SHARE, MENDED_SHARE) if self.broken else (ERROR_SHARE, TORN_SHARE)
        errs = self.error_share > least and errors + missing >= LEAST_ERRORS
        self.broken = errs or self.torn_share > torn


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
