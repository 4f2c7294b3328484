"""Loudspeakers and cameras that take audio over ONVIF's backchannel: RTSP, G.711."""

from drivers.onvif_backchannel.sink import (
    OnvifBackchannelConfig,
    OnvifBackchannelSink,
    read_status,
)

__all__ = ["OnvifBackchannelConfig", "OnvifBackchannelSink", "read_status"]
