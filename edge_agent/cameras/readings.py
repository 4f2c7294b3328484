"""A watch's health as readings for the time series; counts become differences."""

from contracts.telemetry import Metric
from edge_agent.vision.findings import Health


class Readings:
    """Remembers what one camera's watch has counted so far."""

    def __init__(self) -> None:
        self._decode_errors = 0
        self._dropped_frames = 0

    def begin_watch(self) -> None:
        """A watch counts from nought."""
        self._decode_errors = self._dropped_frames = 0

    def of(self, health: Health) -> dict[Metric, float]:
        """Return one value per metric that was measured."""
        new_errors = max(0, health.decode_errors - self._decode_errors)
        new_drops = max(0, health.dropped_frames - self._dropped_frames)
        self._decode_errors = health.decode_errors
        self._dropped_frames = health.dropped_frames
        measured = {
            Metric.CAMERA_FPS: health.fps,
            Metric.DECODED_FPS: health.decoded_fps,
            Metric.DECODE_ERRORS: float(new_errors),
            Metric.DROPPED_FRAMES: float(new_drops),
            Metric.MOTION_S: health.motion_s,
            Metric.GATE_SEPARATION: health.gate_separation,
            Metric.GATE_TOLD_SHARE: health.told_share,
            Metric.SHARPNESS: health.sharpness,
            Metric.BRIGHTNESS: health.brightness,
            Metric.CLOCK_DRIFT_S: health.clock_drift_s,
        }
        return {metric: value for metric, value in measured.items() if value is not None}
