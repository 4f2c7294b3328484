"""G.711 over RTP to loudspeakers that listen on a multicast group or a unicast address."""

from drivers.rtp_multicast.errors import RtpMulticastError, SendFailed, SinkUnusable
from drivers.rtp_multicast.sink import (
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    Codec,
    RtpMulticastConfig,
    RtpMulticastSink,
)

__all__ = [
    "FRAME_SAMPLES",
    "SAMPLE_RATE_HZ",
    "Codec",
    "RtpMulticastConfig",
    "RtpMulticastError",
    "RtpMulticastSink",
    "SendFailed",
    "SinkUnusable",
]
