"""What every camera driver gives and raises: stream addresses, the account, one family of errors.

CameraError
├── CameraUnreachable   try again later
├── CameraAuthFailed    the operator must act; trying again may lock the account
└── CameraUnsupported   the technician must act; the camera will not do it
"""

from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit


class CameraError(Exception):
    """The camera cannot be used now."""


class CameraUnreachable(CameraError):
    """The camera does not answer; it may be switched off or the network may be down. It is worth trying again."""


class CameraAuthFailed(CameraError):
    """The camera refuses the user name or password. Correct them before trying again: cameras lock accounts."""


class CameraUnsupported(CameraError):
    """The camera answers, but has no stream or service that this product can use."""


@dataclass(frozen=True, kw_only=True)
class CameraCredentials:
    """The account of a camera; its password never shows in a representation."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class CameraStreams:
    """What is known of a camera once a driver has opened it; addresses hold no credentials."""

    analysis_uri: str
    """RTSP address of the stream to analyse, the sub-stream where there is one."""
    evidence_uri: str
    """RTSP address of the best stream; the same as `analysis_uri` where there is only one."""
    snapshot_uri: str | None
    """HTTP address of a JPEG picture, where the camera has one."""
    manufacturer: str | None
    model: str | None
    firmware_version: str | None
    clock_offset_s: float | None
    """Camera clock minus the caller's clock in seconds, to about a second; None: it does not tell."""
    evidence_fault: str = ""
    """Why the stream at `evidence_uri` cannot be had now, where that was seen; it can be done without."""


def with_credentials(uri: str, credentials: CameraCredentials | None) -> str:
    """Return the address with the account in it, percent-encoded; keep it out of logs and argv."""
    if credentials is None:
        return uri
    parts = urlsplit(without_credentials(uri))
    account = f"{quote(credentials.username, safe='')}:{quote(credentials.password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{account}@{parts.netloc}"))


def without_credentials(uri: str) -> str:
    """Return the address without any account in it."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
