"""Everything about one camera's condition: pictures and packets in, what begins or ends out; pure."""

import math
from collections.abc import Callable, Iterable
from functools import partial

import cv2
import numpy as np

from edge_agent.vision.condition.aim import Aim, Sight, View
from edge_agent.vision.condition.debounce import Debounce
from edge_agent.vision.condition.diagnosis import DELAYS_S, ConditionChanged, Diagnosis
from edge_agent.vision.condition.flow import Count, Flow
from edge_agent.vision.condition.focus import Focus
from edge_agent.vision.condition.light import EMPTY_SHARE, Light, is_lit
from edge_agent.vision.condition.look import (
    CELL_PX,
    Look,
    Reading,
    can_be_measured,
    holds_still,
    look,
    measure,
)
from edge_agent.vision.condition.stillness import Liveliness, Stillness
from edge_agent.vision.findings import Condition
from edge_agent.vision.picture.plane import Luma, Mask, Pixels

PENDING_S, BUSY_S, QUIET_S, CALM_S = 0.95, 1.95, 15.5, 39.5
"""Pictures closer together than this tell nothing more about the camera: while a condition is about
to begin, while something moves or the camera's noise is not known yet, while all is quiet, and
while all has been so for `QUIET_S` and the camera showed by its noise that it is alive."""

MOST_LUMA = 255.0


class Checkup:
    """Checks one camera. Feed packets and pictures in time order."""

    def __init__(self, nominal_fps: float) -> None:
        self.flow = Flow(nominal_fps)
        self.light = Light()
        self.focus = Focus()
        self.stillness = Stillness()
        self.aim: Aim | None = None
        self.reading: Reading | None = None
        """The last; None before the second picture."""
        self.turned = False
        """Whether the last picture showed that the camera has been turned, away or back."""
        self._seen: Mask | None = None
        self._before: Look | None = None
        self._liveliness = Liveliness()
        self._uncalm_s = -math.inf
        """When something was last to be seen, or nothing showed that the camera is alive."""
        self._diagnosis = Diagnosis()
        on_s, off_s = DELAYS_S["moved"]
        self._strays = Debounce(on_delay_s=on_s, off_delay_s=off_s)

    @property
    def sharpness(self) -> float | None:
        """Of the last picture that was measured, as a share of what this view usually has.

        None while that cannot be told.
        """
        return self.focus.present_share

    @property
    def brightness(self) -> float | None:
        """Mean luma of the last picture that was measured, as a share of the range."""
        return None if self.reading is None else self.reading.brightness / MOST_LUMA

    def begin(self, hidden: Mask) -> None:
        """Prepare for planes of another size, parts of which lie behind privacy masks."""
        self._before = None
        self._seen = None
        self.stillness, self.aim = Stillness(), None
        self.focus.forget()
        height, width = (size // CELL_PX for size in hidden.shape)
        if not can_be_measured(hidden.view(np.uint8)):
            return
        covered = hidden[: height * CELL_PX, : width * CELL_PX].astype(np.float32)
        seen = cv2.resize(covered, (width, height), interpolation=cv2.INTER_AREA) == 0.0
        if seen.any():
            self._seen, self.aim = seen, Aim(seen)

    def resize(self) -> None:
        """Go on with pictures of another size, brought to the planes of before: detail differs."""
        self._before = None
        self.stillness = Stillness()
        self.focus.forget()

    def view_of(self, known: Luma | None, t_s: float) -> View | None:
        """Return the view that a scene has learned; None: it cannot be told from another."""
        return None if known is None or self.aim is None else self.aim.view_of(known, t_s)

    def recognises(self, plane: Pixels, view: View) -> bool | None:
        """Whether a picture, (height, width), shows a view; None: it tells nothing."""
        return True if self.aim is None else self.aim.recognises(view, plane)

    def cut(self, view: View | None, t_s: float) -> Iterable[ConditionChanged]:
        """Pictures of another size show another part of this view; yield what begins by that.

        Zones and masks do not lie where they were drawn: it is as if the camera had been turned.
        """
        if self.aim is not None:
            self._settle(self.aim, view)
            yield from self._diagnosis.begin("moved", t_s)

    @property
    def astray(self) -> bool:
        """Whether the camera looks elsewhere than it did, or something hides its view, or may do so."""
        away = self.aim is not None and self.aim.away
        return away or any(self._diagnosis.suspects(one) for one in ("moved", "covered"))

    def packets(
        self, came: int, t_s: float, count: Callable[[], Count]
    ) -> Iterable[ConditionChanged]:
        """Count so many packets, the last shown at `t_s`; yield what begins or ends."""
        if not self.flow.packets(came, t_s):
            return ()
        self.flow.judge(t_s, count())
        seen: dict[Condition, bool | None] = {
            "low_frame_rate": self.flow.low_rate,
            "decode_errors": self.flow.broken,
            "clock_drift": self.flow.wrong_clock,
            "main_stream": self.flow.lacks_main,
        }
        return self._diagnosis.step(t_s, seen)

    @property
    def pending(self) -> bool:
        """Whether something is seen that may soon be told."""
        return self._diagnosis.pending

    def wants(self, plane: Pixels, t_s: float, *, busy: bool, empty: bool) -> bool:
        """Whether a picture shown at this instant is worth looking at.

        `busy` is a scene in which something moves, `empty` one that shows only what is always there.
        """
        if not (empty and self._liveliness.step(plane) and self.stillness.knows_noise):
            self._uncalm_s = t_s
        least_s = CALM_S if t_s - self._uncalm_s > QUIET_S else QUIET_S
        if self.pending:
            least_s = PENDING_S
        elif busy or self.stillness.begins:
            least_s = BUSY_S
        return self._before is None or not 0.0 <= t_s - self._before.t_s < least_s

    def picture(
        self, plane: Pixels, t_s: float, *, keyframe: bool, coloured: bool
    ) -> list[ConditionChanged]:
        """Take a picture, (height, width) uint8, of the size begun with; return what changes.

        While many are broken or missing, only keyframes are taken: no others are certainly whole.
        """
        self.turned = False
        visible = self._seen
        if visible is None or (self.flow.broken and not keyframe):
            return []
        now, before = look(plane, t_s), self._before
        self._before = now
        seen: dict[Condition, bool | None] = {}
        if keyframe:
            seen["frozen"] = self.stillness.step(now, visible)
        if before is not None and t_s > before.t_s:
            self.reading = reading = measure(now, before, visible)
            seen |= self._judge(
                reading, coloured=coloured, holds_still=partial(holds_still, now, before)
            )
        changes = list(self._diagnosis.step(t_s, seen))
        self._turn(changes)
        return changes

    def _judge(
        self, reading: Reading, *, coloured: bool, holds_still: Callable[[], bool]
    ) -> dict[Condition, bool | None]:
        self.light.step(reading)
        # Whether black is a fault is one question, not two.
        empty = reading.empty_share >= EMPTY_SHARE
        lit = is_lit(reading)
        sight = self.aim.step(reading) if lit and self.aim is not None else Sight.UNKNOWN
        strange = sight in {Sight.ELSEWHERE, Sight.COVERED}
        sharpness = reading.sharpness if lit and not strange else None
        return {
            "black": self.light.black,
            "exposure": None if empty else self.light.too_dark or self.light.too_bright,
            "covered": None if sight is Sight.UNKNOWN else sight is Sight.COVERED,
            "moved": self._moved(sight, reading),
            "blurred": self.focus.step(
                reading.t_s, sharpness, coloured=coloured, holds_still=holds_still
            ),
        }

    def _moved(self, sight: Sight, reading: Reading) -> bool | None:
        aim = self.aim
        elsewhere = None if sight is Sight.UNKNOWN else sight is Sight.ELSEWHERE
        if aim is None or not aim.away:
            return elsewhere
        if self._strays.step(reading.t_s, elsewhere) is not None and self._strays.active:
            self._settle(aim)
        home = aim.is_home(reading)
        return None if home is None else not home

    def _turn(self, changes: list[ConditionChanged]) -> None:
        for change in changes:
            if change.condition == "moved" and self.aim is not None:
                if change.until_s is None:
                    self._settle(self.aim)
                else:
                    self.aim.come_home()
                    self._forget_view()

    def _settle(self, aim: Aim, cut_from: View | None = None) -> None:
        aim.settle(cut_from)
        self._forget_view()

    def _forget_view(self) -> None:
        self.turned = True
        self.focus.forget()
        on_s, off_s = DELAYS_S["moved"]
        self._strays = Debounce(on_delay_s=on_s, off_delay_s=off_s)

    def describe(self, condition: Condition) -> str:
        """Return what was measured, for the technician."""
        match condition:
            case "moved" | "covered":
                return self.aim.describe(condition) if self.aim else ""
            case "black" | "exposure":
                return self.light.describe(condition)
            case "blurred":
                return self.focus.describe()
            case "frozen":
                return self.stillness.describe()
            case "low_frame_rate" | "decode_errors" | "clock_drift" | "main_stream":
                return self.flow.describe(condition)
