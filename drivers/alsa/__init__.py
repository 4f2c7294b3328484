"""A gateway's own line out, with an amplifier or an FM transmitter behind it."""

from drivers.alsa.sink import AlsaConfig, AlsaSink, read_status

__all__ = ["AlsaConfig", "AlsaSink", "read_status"]
