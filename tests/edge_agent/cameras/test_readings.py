"""A watch's health as readings."""

from contracts.telemetry import Metric
from edge_agent.cameras.readings import Readings
from edge_agent.vision.findings import Health


def health(**changes) -> Health:
    fields = {
        "camera_id": "cam1",
        "at_s": 1,
        "fps": 15,
        "decoded_fps": 0.5,
        "decode_errors": 0,
        "dropped_frames": 0,
        "ring_bytes": 0,
        "motion_s": 0,
    }
    return Health(**{**fields, **changes})


def test_counts_become_differences_and_begin_anew_with_each_watch():
    """A chart shows errors per ten seconds, not since some start."""
    readings = Readings()
    told = [readings.of(health(decode_errors=count))[Metric.DECODE_ERRORS] for count in (3, 3, 7)]
    readings.begin_watch()
    told.append(readings.of(health(decode_errors=2))[Metric.DECODE_ERRORS])
    assert told == [3, 0, 4, 2]


def test_what_was_not_measured_is_no_reading():
    """Nought would be a value."""
    readings = Readings()
    assert Metric.SHARPNESS not in readings.of(health())
    measured = readings.of(health(sharpness=0.9, clock_drift_s=-1.5, brightness=0.0))
    assert measured[Metric.SHARPNESS] == 0.9
    assert measured[Metric.CLOCK_DRIFT_S] == -1.5
    assert measured[Metric.BRIGHTNESS] == 0
    assert measured[Metric.DECODED_FPS] == 0.5


def test_the_proof_of_packet_sizes_is_a_reading():
    """Where it is missing nothing is left undecoded, and nothing is claimed."""
    readings = Readings()
    assert Metric.GATE_TOLD_SHARE not in readings.of(health())
    assert readings.of(health(told_share=0.009))[Metric.GATE_TOLD_SHARE] == 0.009
