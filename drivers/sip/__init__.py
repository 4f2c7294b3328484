"""Loudspeakers that are called by SIP and answer by themselves; G.711 over RTP."""

from drivers.sip.settings import AutoAnswer, SipCodec, SipConfig
from drivers.sip.sink import SipSink
from drivers.sip.status import read_status

__all__ = ["AutoAnswer", "SipCodec", "SipConfig", "SipSink", "read_status"]
