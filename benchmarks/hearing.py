"""How surely the gateway tells from a camera's microphone that a broadcast was heard.

Villages are drawn (benchmarks/acoustics), announcements spoken by the centre's renderer; the gateway's
own comparison judges. Prints JSON lines. `--seed` draws others; `--calibrate` prints, instead of results,
how scores and coverage are distributed, which is what the thresholds were chosen from.
"""

import argparse
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from acoustics.announcements import SAMPLE_RATE_HZ, Announcement, Announcer, Samples
from acoustics.village import Village, draw_village, hear

from contracts.events import Hearing
from edge_agent.hearing.comparing.recognition import EARLIEST_LAG_S, Recognition, recognise

CALIBRATION_SEED, REPORT_SEED = 1, 3
VILLAGES = 2_000
WRONG_EACH = 2
"""Other announcements that each recording is compared with."""
SILENT_EVERY, CUT_EVERY, SIMILAR_EVERY = 4, 4, 10
CUT_AFTER = 0.3
LOUD_NOISE_DB = -12.0
_KINDS = ("right", "right_in_loud_noise", "wrong", "noise_only", "cut_short", "similar")


@dataclass(kw_only=True)
class Tally:
    """What was recognised of one kind of recording."""

    recognitions: list[Recognition] = field(default_factory=list)

    @property
    def heard_percent(self) -> float:
        """How many counted as heard."""
        heard = [one.hearing is Hearing.HEARD for one in self.recognitions]
        return 100 * float(np.mean(heard)) if heard else 0.0


@dataclass(kw_only=True)
class Measured:
    """All villages of one seed."""

    tallies: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    lag_errors_s: list[float] = field(default_factory=list)
    compared_s: float = 0.0
    cpu_s: float = 0.0

    def compare(self, kind: str, reference: Samples, microphone: Samples) -> Recognition:
        """Judge one recording and count the verdict."""
        began_s = time.process_time()
        recognition = recognise(reference, microphone)
        self.cpu_s += time.process_time() - began_s
        self.compared_s += len(reference) / SAMPLE_RATE_HZ
        self.tallies[kind].recognitions.append(recognition)
        return recognition


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--villages", type=int, default=VILLAGES)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--calibrate", action="store_true")
    options = parser.parse_args()
    seed = options.seed or (CALIBRATION_SEED if options.calibrate else REPORT_SEED)
    measured = measure(options.villages, seed)
    if options.calibrate:
        print_distributions(measured)
    else:
        for line in results(measured):
            print(json.dumps(line))


def measure(villages: int, seed: int) -> Measured:
    """Draw villages and listen in each."""
    began_s = time.monotonic()
    announcer = Announcer(random.Random(seed))  # noqa: S311 -- nothing secret is drawn
    rng = np.random.default_rng(seed)
    measured = Measured()
    for number in range(villages):
        listen(measured, number, announcer, rng)
        if number % 500 == 499:
            passed_s = time.monotonic() - began_s
            sys.stderr.write(f"{number + 1} of {villages} villages, {passed_s:.0f} s\n")
    return measured


def listen(measured: Measured, number: int, announcer: Announcer, rng: np.random.Generator) -> None:
    """Everything that is tried in one village."""
    village, announcement = draw_village(rng), announcer.announce()
    played = announcement.samples

    def recorded(sound: Samples) -> Samples:
        quiet = np.zeros(round(-EARLIEST_LAG_S * SAMPLE_RATE_HZ), dtype=np.int16)
        return np.concatenate([quiet, hear(sound, village, rng, babble=announcer.babble)])

    microphone = recorded(played)
    measure_right(measured, village, played, microphone)
    for _ in range(WRONG_EACH):
        other = announcer.announce(without=announcement.templates)
        measured.compare("wrong", other.samples, microphone)
    if number % SIMILAR_EVERY == 0:
        measured.compare("similar", other_reading(announcer, announcement), microphone)
    if number % SILENT_EVERY == 1:
        measured.compare("noise_only", played, recorded(np.zeros_like(played)))
    if number % CUT_EVERY == 2:
        cut = played.copy()
        cut[int(CUT_AFTER * len(played)) :] = 0
        measured.compare("cut_short", played, recorded(cut))


def measure_right(
    measured: Measured, village: Village, played: Samples, microphone: Samples
) -> None:
    """The announcement that was really played."""
    recognition = measured.compare("right", played, microphone)
    if village.snr_db < LOUD_NOISE_DB:
        measured.tallies["right_in_loud_noise"].recognitions.append(recognition)
    if recognition.lag_s is not None and village.codec != "aac":  # whose encoder adds a delay
        measured.lag_errors_s.append(abs(recognition.lag_s - village.delay_s))


def other_reading(announcer: Announcer, announcement: Announcement) -> Samples:
    """The same sentences with another time or place."""
    for _ in range(20):
        samples = announcer.vary(announcement).samples
        if not np.array_equal(samples, announcement.samples):
            return samples
    raise RuntimeError("every reading of this announcement is the same")


def results(measured: Measured) -> Iterator[dict[str, object]]:
    """One row for each measure."""
    tallies = measured.tallies
    false = [
        one for kind in ("wrong", "noise_only", "cut_short") for one in tallies[kind].recognitions
    ]
    of_all = Tally(recognitions=false)
    yield row("acoustic_detection", tallies["right"].heard_percent, "%", at_least=99.0)
    yield row("acoustic_false", of_all.heard_percent, "%", at_most=0.1)
    yield row("acoustic_detection_trials", len(tallies["right"].recognitions), "recordings")
    yield row("acoustic_false_trials", len(false), "recordings")
    for kind in _KINDS[1:]:
        yield row(f"acoustic_heard_{kind}", tallies[kind].heard_percent, "%")
    # Not the 99th: where an echo is louder than the direct sound, its delay is the one found.
    lag_error_ms = 1000 * float(np.percentile(measured.lag_errors_s, 90))
    yield row("acoustic_lag_error_p90", lag_error_ms, "ms")
    cost_ms = 1000 * measured.cpu_s / (measured.compared_s / 60)
    yield row("acoustic_cpu_per_minute_compared", cost_ms, "ms")


def row(
    measure: str,
    value: float,
    unit: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> dict[str, object]:
    """One result; nothing is promised where neither bound is given."""
    met = None
    if at_least is not None:
        met = value >= at_least
    if at_most is not None:
        met = value <= at_most
    target = at_most if at_least is None else at_least
    line = {"bench": "audio", "measure": measure, "value": round(value, 3), "unit": unit}
    return {**line, "target": target, "met": met}


def print_distributions(measured: Measured) -> None:
    """Scores and coverage of each kind, by percentile."""
    percents = (0, 0.1, 0.5, 1, 5, 50, 95, 99, 99.9, 100)
    for kind in _KINDS:
        recognitions = measured.tallies[kind].recognitions
        for name in ("score", "coverage"):
            values = [getattr(one, name) for one in recognitions] or [0.0]
            shown = dict(
                zip(percents, np.percentile(values, percents).round(2).tolist(), strict=True)
            )
            print(
                json.dumps({"kind": kind, "of": name, "count": len(values), "percentiles": shown})
            )


if __name__ == "__main__":
    main()
