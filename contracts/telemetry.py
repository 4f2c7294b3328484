"""Samples for the time series: one row a minute holds the samples of that minute; pure."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from contracts.codec import Id, Instant, Wire


class Metric(StrEnum):
    """What is measured, with its unit."""

    CAMERA_FPS = "camera_fps"
    DECODE_ERRORS = "decode_errors"
    DROPPED_FRAMES = "dropped_frames"
    MOTION_S = "motion_s"
    DECODED_FPS = "decoded_fps"
    """Pictures decoded per second: few while nothing moves."""
    GATE_SEPARATION = "gate_separation"
    """How well packet sizes tell motion from rest on this stream: 0.5 not at all, 1.0 perfectly."""
    GATE_TOLD_SHARE = "gate_told_share"
    """Share of the picture of the smallest figure that packet sizes would tell of on this stream."""
    SHARPNESS = "sharpness"
    """Share of the sharpness that this view usually has."""
    BRIGHTNESS = "brightness"
    """Mean luma as a share of the range."""
    CLOCK_DRIFT_S = "clock_drift_s"
    """Camera's clock less the gateway's."""
    LOUDSPEAKER_VOLUME = "loudspeaker_volume"
    """As the device tells it, a share of its range."""
    LOUDSPEAKER_TEMPERATURE_C = "loudspeaker_temperature_c"
    FRAMES_LATE_MS = "frames_late_ms"
    """How late audio frames left, 99th percentile of a broadcast."""
    CPU_SHARE = "cpu_share"
    OUTBOX_DEPTH = "outbox_depth"
    RSS_MB = "rss_mb"


class Sample(Wire):
    """One reading; `device_id` None: of the gateway itself."""

    sampled_at: Instant
    device_id: Id | None = None
    metric: Metric
    value: Annotated[float, Field(ge=-1e15, le=1e15)]


class TelemetryRow(Wire):
    """The samples of about a minute, committed together."""

    samples: Annotated[tuple[Sample, ...], Field(min_length=1, max_length=5_000)]
