"""The account on one device: remembers its challenge, so that a password is shown rarely."""

import secrets
from collections.abc import Sequence

from drivers.camera import CameraCredentials
from drivers.rtsp_camera.authorization import RtspRequest, answer_challenge


class Account:
    """Answers Digest (MD5, SHA-256) and Basic challenges of HTTP and RTSP alike."""

    def __init__(self, username: str, password: str) -> None:
        """An empty user name means that there is no account."""
        self._credentials = (
            CameraCredentials(username=username, password=password) if username else None
        )
        self._challenges: Sequence[str] = ()
        self._answered = 0

    def authorization(self, method: str, uri: str) -> str | None:
        """The value for the next request; None before the device has asked for one."""
        if self._credentials is None or not self._challenges:
            return None
        self._answered += 1
        return answer_challenge(
            self._challenges,
            self._credentials,
            RtspRequest(method=method, uri=uri),
            cnonce=secrets.token_hex(8),
            count=self._answered,
        )

    def take(self, challenges: Sequence[str]) -> bool:
        """Remember what the device asked; False when this account has no answer to it."""
        self._challenges = challenges
        is_known = self.authorization("OPTIONS", "*") is not None
        self._answered = 0  # that was no answer; the first one counts as 1 (RFC 7616 §3.4)
        return is_known
