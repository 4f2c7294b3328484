"""The loudspeaker drivers the player knows, by hand: settings from the agent to an open sink."""

from drivers.loudspeaker import LoudspeakerSink
from drivers.rtp_multicast import RtpMulticastConfig
from drivers.rtp_multicast import RtpMulticastSink as OpenRtpMulticastSink
from edge_agent.playout.messages import Sink

SAMPLE_RATE_HZ = {"rtp_multicast": OpenRtpMulticastSink.sample_rate_hz}
"""What each driver takes, known before it is open."""


def open_sink(sink: Sink) -> LoudspeakerSink:
    """Open the loudspeaker; the caller closes it.

    Raises:
        LoudspeakerError: The settings cannot work here.
    """
    return OpenRtpMulticastSink(
        RtpMulticastConfig(
            address=sink.address,
            port=sink.port,
            codec=sink.codec,
            interface=sink.interface,
            ttl=sink.ttl,
        )
    )
