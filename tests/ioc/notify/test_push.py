"""Web push: encrypted as the RFC says, understood by a browser, refused elsewhere."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from ioc.notify.channels.outbound import Outbound
from ioc.notify.channels.push import WebPushChannel, is_known_service, open_push_key
from ioc.notify.channels.push.encryption import (
    KeysUnusable,
    Recipient,
    decode_base64url,
    encode_base64url,
    encrypt,
)
from ioc.notify.channels.push.service import write_payload
from ioc.notify.settings import WebPush
from tests.fakes.clock import FakeClock
from tests.fakes.notice_service import open_service, reply
from tests.ioc.notify.parcels import AT, make_parcel

AUTH = bytes(range(16))


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def expand(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF of RFC 5869 for one block, written out so that the test does not lean on the product."""
    extracted = hmac.new(salt, secret, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()[:length]


def decrypt(body: bytes, browser: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """Open a body as a browser does (RFC 8188 §2, RFC 8291 §3.4)."""
    salt, length = body[:16], body[20]
    sender, sealed = body[21 : 21 + length], body[21 + length :]
    shared = browser.exchange(
        ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
    )
    about = b"WebPush: info\x00" + point(browser.public_key()) + sender
    material = expand(shared, auth, about, 32)
    key = expand(material, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = expand(material, salt, b"Content-Encoding: nonce\x00", 12)
    opened = AESGCM(key).decrypt(nonce, sealed, None)
    text, _, padding = opened.rpartition(b"\x02")
    assert padding.strip(b"\x00") == b""
    return text


def test_the_example_of_rfc_8291_comes_out_octet_by_octet():
    """Appendix A of the RFC."""
    own = ec.derive_private_key(
        int.from_bytes(decode_base64url("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"),
        ec.SECP256R1(),
    )
    recipient = Recipient.parse(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
    )
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        recipient,
        own=own,
        salt=decode_base64url("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert encode_base64url(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6"
        "TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulc"
        "y4a-fN"
    )


@given(st.binary(max_size=3_000), st.binary(min_size=16, max_size=16))
def test_a_browser_reads_what_was_encrypted_for_it(plaintext, salt):
    """Whatever the text."""
    browser, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    recipient = Recipient.parse(
        encode_base64url(point(browser.public_key())), encode_base64url(AUTH)
    )
    assert decrypt(encrypt(plaintext, recipient, own=own, salt=salt), browser, AUTH) == plaintext


@given(st.text(max_size=120), st.text(max_size=40))
def test_keys_that_are_none_are_refused_and_nothing_else_happens(p256dh, auth):
    """They come from a browser, so they may be anything."""
    with pytest.raises(KeysUnusable):
        Recipient.parse(p256dh, auth)


@pytest.fixture
async def outbound(clock: FakeClock) -> AsyncIterator[Outbound]:
    way = Outbound(private_hosts=("127.0.0.1",), clock=clock)
    yield way
    await way.close()


@pytest.fixture
def push_settings() -> WebPush:
    return WebPush(contact="mailto:ioc@xa.example", services=("127.0.0.1",))


async def test_a_push_is_encrypted_signed_and_named(tmp_path, outbound, push_settings):
    """The service sees who sends and how urgent it is, never what it says; repeats share a topic."""
    browser = ec.generate_private_key(ec.SECP256R1())
    keys = {"p256dh": encode_base64url(point(browser.public_key())), "auth": encode_base64url(AUTH)}
    key = open_push_key(tmp_path / "web_push.pem")
    taken = reply(201, location="https://push.example/m/77")
    async with open_service(taken) as service:
        channel = WebPushChannel(push_settings, key, outbound)
        parcel = make_parcel(address=f"{service.url}/p/1", keys=keys)
        outcome = await channel.send(parcel)
        await channel.send(parcel)
    assert (outcome.result, outcome.provider_id) == ("delivered", "77")
    first, second = service.requests
    said = json.loads(decrypt(first.body, browser, AUTH))
    assert said["title"] == parcel.title
    assert said["emergency"] is True
    assert "Cổng làng".encode() not in first.body
    assert first.headers["topic"] == second.headers["topic"] == said["tag"]
    assert (first.headers["urgency"], first.headers["ttl"]) == ("high", "7200")
    assert first.body != second.body  # another salt and key each time
    verify(first.headers["authorization"], service.url, key.key.public_key())


def verify(authorization: str, url: str, public_key: ec.EllipticCurvePublicKey) -> None:
    """Check a VAPID header as a push service does (RFC 8292 §2)."""
    scheme, _, rest = authorization.partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    signed, _, signature = fields["t"].rpartition(".")
    octets = decode_base64url(signature)
    r, s = int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big")
    public_key.verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(SHA256()))
    claims = json.loads(decode_base64url(signed.partition(".")[2]))
    parts = urlsplit(url)
    assert scheme == "vapid"
    assert claims["aud"] == f"{parts.scheme}://{parts.netloc}"
    assert claims["sub"] == "mailto:ioc@xa.example"
    assert 0 < claims["exp"] - AT.timestamp() <= 86_400
    assert decode_base64url(fields["k"]) == point(public_key)


@pytest.mark.parametrize(
    ("status", "result"), [(410, "gone"), (404, "gone"), (413, "refused"), (503, "retry")]
)
async def test_a_browser_that_unsubscribed_is_gone(
    tmp_path, outbound, push_settings, status, result
):
    """Its contact is not tried again."""
    browser = ec.generate_private_key(ec.SECP256R1())
    keys = {"p256dh": encode_base64url(point(browser.public_key())), "auth": encode_base64url(AUTH)}
    async with open_service(reply(status)) as service:
        channel = WebPushChannel(push_settings, open_push_key(tmp_path / "k.pem"), outbound)
        outcome = await channel.send(make_parcel(address=f"{service.url}/p/1", keys=keys))
    assert outcome.result == result


@pytest.mark.parametrize(
    ("endpoint", "known"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", True),
        ("https://web.push.apple.com/x", True),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://evilpush.apple.com/x", False),
        ("https://fcm.googleapis.com@10.0.0.1/x", False),
        ("https://[", False),
    ],
)
def test_only_push_services_may_be_named_by_a_browser(endpoint, known):
    """Else anybody signed in could have the centre speak to any host."""
    services = WebPush(contact="mailto:a@b.example").services
    assert is_known_service(endpoint, services) is known


def test_the_key_is_made_once_and_private(tmp_path):
    """Another key would cut off every browser that has subscribed."""
    path = tmp_path / "keys" / "web_push.pem"
    assert open_push_key(path).public_base64url == open_push_key(path).public_base64url
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_long_body_is_cut_to_what_services_take():
    """4096 octets, header and seal included."""
    payload = write_payload(make_parcel(body="ế" * 5_000))
    assert len(payload) <= 3_993
    assert json.loads(payload)["title"] == make_parcel().title
