"""RTP to loudspeakers that listen on a multicast group or a unicast address: G.711, G.722, Opus."""

from drivers.rtp_multicast.codecs import Codec
from drivers.rtp_multicast.sink import RtpMulticastConfig, RtpMulticastSink, read_status

__all__ = ["Codec", "RtpMulticastConfig", "RtpMulticastSink", "read_status"]
