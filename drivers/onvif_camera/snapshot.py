"""Fetches one JPEG picture over HTTP; it never repeats a refused account."""

import httpx

from drivers.camera import (
    CameraAuthFailed,
    CameraCredentials,
    CameraUnreachable,
    CameraUnsupported,
)

LARGEST_BYTES = 20_000_000
JPEG_START = b"\xff\xd8"
UNAUTHORISED = 401


async def fetch_snapshot(
    uri: str, credentials: CameraCredentials | None, *, timeout_s: float = 10.0
) -> bytes:
    """Fetch a picture by HTTP Digest, or by Basic where the camera offers nothing better.

    Raises:
        CameraUnreachable: no answer, or it breaks off.
        CameraAuthFailed: the account is refused.
        CameraUnsupported: the answer is not a JPEG picture, or too large for one.
    """
    try:
        # Cameras sign their own certificates; there is nothing to check them against.
        async with httpx.AsyncClient(verify=False, timeout=timeout_s, trust_env=False) as http:  # noqa: S501
            response = await _get(http, uri, credentials)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise CameraUnreachable(f"the camera gives no picture: {reason}") from error
    if response.status_code == UNAUTHORISED:
        raise CameraAuthFailed("the camera refuses the user name or password for its picture")
    if response.status_code != httpx.codes.OK:
        raise CameraUnsupported(f"the camera answers HTTP {response.status_code} for its picture")
    if not response.content.startswith(JPEG_START) or len(response.content) > LARGEST_BYTES:
        raise CameraUnsupported("what the camera sends as its picture is not a JPEG")
    return response.content


async def _get(
    http: httpx.AsyncClient, uri: str, credentials: CameraCredentials | None
) -> httpx.Response:
    if credentials is None:
        return await http.get(uri)
    account = (credentials.username, credentials.password)
    response = await http.get(uri, auth=httpx.DigestAuth(*account))
    offered = response.headers.get("www-authenticate", "").lower()
    if response.status_code == UNAUTHORISED and offered.startswith("basic"):
        return await http.get(uri, auth=httpx.BasicAuth(*account))
    return response
