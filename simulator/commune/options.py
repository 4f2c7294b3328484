"""What a person may say when starting the commune: command line and environment."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from simulator.commune.certificate import describe_certificate
from simulator.commune.world import CAMERAS


@dataclass(frozen=True, kw_only=True)
class RealCamera:
    """A camera of flesh and blood that takes the place of the first simulated one."""

    uri: str
    """Without user and password."""
    username: str | None
    password: str | None


@dataclass(frozen=True, kw_only=True)
class Options:
    """One start of the commune."""

    data: Path
    video: Path | None = None
    """Recording that the first camera plays instead of its drawn scene."""
    keep_gop: bool = False
    """Stream the recording as it is, with its own key-frame distance."""
    camera: RealCamera | None = None
    cameras: int = len(CAMERAS)
    """How many of the commune's cameras exist, from the first."""
    unattended_s: float = 10.0
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    json: bool = False


def parse_options(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Read the options; empty environment variables count as absent. Exits on a wrong one."""
    parser = _parser(environment)
    given = parser.parse_args(arguments)
    camera = environment.get("CAMERA") or None
    if given.video and not given.video.is_file():
        parser.error(f"VIDEO={given.video}: there is no such file")
    if given.video and camera:
        parser.error("VIDEO and CAMERA both replace the first camera: give one of them")
    if bool(given.tls_cert) != bool(given.tls_key):
        parser.error("TLS_CERT and TLS_KEY belong together: give both or neither")
    for file in filter(None, (given.tls_cert, given.tls_key)):
        if not file.is_file():
            parser.error(f"{file}: there is no such file")
    try:
        real = parse_camera(camera) if camera else None
        if given.tls_cert:
            describe_certificate(given.tls_cert)
    except ValueError as error:
        parser.error(str(error))
    return Options(
        data=given.data.resolve(),
        video=given.video.resolve() if given.video else None,
        keep_gop=given.keep_gop,
        camera=real,
        cameras=given.cameras,
        unattended_s=given.unattended_s,
        tls_certificate=given.tls_cert.resolve() if given.tls_cert else None,
        tls_key=given.tls_key.resolve() if given.tls_key else None,
        json=given.json,
    )


def parse_camera(text: str) -> RealCamera:
    """Split a camera's address into address and credentials.

    Raises:
        ValueError: it is not an RTSP address; the text is safe to print.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"rtsp", "rtsps"} or not parts.hostname:
        raise ValueError(
            "CAMERA must look like rtsp://user:password@192.0.2.10:554/path "
            "(write special characters of the password percent-encoded, @ as %40)"
        )
    if bool(parts.username) != bool(parts.password):
        raise ValueError("CAMERA names a user without a password, or the other way round")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = f"{host}:{port}" if port else host
    return RealCamera(
        uri=urlunsplit((parts.scheme, place, parts.path, parts.query, "")),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    def path_of(variable: str) -> Path | None:
        return Path(environment[variable]) if environment.get(variable) else None

    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="Run a whole commune on this machine until Ctrl-C.",
        epilog="CAMERA=rtsp://user:password@host/path in the environment puts a real camera in the "
        "place of the first simulated one; it is not an option, because others can read options.",
    )
    add = parser.add_argument
    add("--data", type=Path, default=Path("var"), help="folder that keeps everything (var)")
    add("--video", type=Path, default=path_of("VIDEO"), help="recording the first camera plays")
    add("--keep-gop", action="store_true", help="play the recording's own packets")
    add("--cameras", type=int, choices=range(1, len(CAMERAS) + 1), default=len(CAMERAS))
    add("--unattended-s", type=float, default=10.0, help="seconds until a left object counts")
    add("--tls-cert", type=Path, default=path_of("TLS_CERT"), help="certificate chain (PEM)")
    add("--tls-key", type=Path, default=path_of("TLS_KEY"), help="its key (PEM)")
    add("--json", action="store_true", help="say everything as JSON lines, for programs")
    return parser
