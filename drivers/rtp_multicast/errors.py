"""What can go wrong with an RTP loudspeaker, by who must act.

LoudspeakerError
└── RtpMulticastError
    ├── SinkUnusable   the technician: address, interface or network settings
    └── SendFailed     nobody yet: the next frame may pass; give up when it lasts
"""

from drivers.loudspeaker import LoudspeakerError


class RtpMulticastError(LoudspeakerError):
    """The RTP loudspeaker cannot be reached as configured."""


class SinkUnusable(RtpMulticastError):
    """The settings of this loudspeaker cannot work here: check its address, port and interface."""


class SendFailed(RtpMulticastError):
    """The network refused one audio packet to this loudspeaker."""
