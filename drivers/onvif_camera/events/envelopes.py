"""SOAP envelopes for the event service: written, and read without trusting them. Pure: no I/O.

UnreadableAnswer
SoapFault         the camera understood, and refuses
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from typing_extensions import override

from drivers.camera import CameraCredentials

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
EVENTS = "http://www.onvif.org/ver10/events/wsdl"
NOTIFICATION = "http://docs.oasis-open.org/wsn/b-2"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_WSSE = f"{_SECURITY}-wssecurity-secext-1.0.xsd"
_WSU = f"{_SECURITY}-wssecurity-utility-1.0.xsd"
_DIGEST = f"{_SECURITY}-username-token-profile-1.0#PasswordDigest"
_BASE64 = f"{_SECURITY}-soap-message-security-1.0#Base64Binary"
_DENIALS = frozenset({"NotAuthorized", "FailedAuthentication", "InvalidSecurityToken"})
_ABSENCES = frozenset({"ActionNotSupported", "NotSupported", "NoSuchService"})
_LONGEST_REASON = 200
_DEEPEST = 50
# A parser keeps every distinct name with its whole namespace: a long one times many names is no
# longer bounded by the length of the answer.
_LONGEST_NAMESPACE = 200
_ENDLESS_TAG = re.compile(rb"<[^<]{16000}")
"""Within one tag the parser multiplies on its own; `<` stands in no tag, in any encoding it reads."""


class UnreadableAnswer(Exception):
    """What came is not a SOAP envelope, or one that nobody honest would send."""


class SoapFault(Exception):
    """The camera refuses: its codes without prefixes, and its reason."""

    def __init__(self, codes: frozenset[str], reason: str) -> None:
        self.codes = codes
        self.reason = reason
        super().__init__(reason)

    @property
    def is_denial(self) -> bool:
        """Whether the account is what it refuses."""
        return bool(self.codes & _DENIALS) or "not authorized" in self.reason.lower()

    @property
    def is_absence(self) -> bool:
        """Whether it does not have what was asked for at all."""
        return bool(self.codes & _ABSENCES)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of a service."""

    action: str
    body: str
    reference: str = ""
    """Headers that a subscription asked to be given back, as XML (WS-Addressing 1.0 §3.3)."""


def write_envelope(question: Question, *, to: str, message_id: str, security: str = "") -> bytes:
    """Return the envelope that puts a question to the service at `to`."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" '
        f'xmlns:a="{ADDRESSING}" xmlns:tev="{EVENTS}" xmlns:wsnt="{NOTIFICATION}" '
        f'xmlns:tds="{DEVICE}"><s:Header><a:Action>{escape(question.action)}</a:Action>'
        f"<a:MessageID>urn:uuid:{message_id}</a:MessageID><a:To>{escape(to)}</a:To>"
        f"{question.reference}{security}</s:Header><s:Body>{question.body}</s:Body></s:Envelope>"
    ).encode()


def write_security(credentials: CameraCredentials, *, created: datetime, nonce: bytes) -> str:
    """Return a WS-UsernameToken header made at `created` of the camera's clock (aware UTC)."""
    text = format_instant(created)
    # The standard names SHA-1; every ONVIF camera speaks it.
    digest = hashlib.sha1(
        nonce + text.encode() + credentials.password.encode(), usedforsecurity=False
    ).digest()
    return (
        f'<w:Security xmlns:w="{_WSSE}" s:mustUnderstand="1"><w:UsernameToken>'
        f"<w:Username>{escape(credentials.username)}</w:Username>"
        f'<w:Password Type="{_DIGEST}">{base64.b64encode(digest).decode()}</w:Password>'
        f'<w:Nonce EncodingType="{_BASE64}">{base64.b64encode(nonce).decode()}</w:Nonce>'
        f'<u:Created xmlns:u="{_WSU}">{text}</u:Created></w:UsernameToken></w:Security>'
    )


def format_instant(instant: datetime) -> str:
    """Return an instant as every camera reads it: UTC, whole seconds, Z (ONVIF Core §9.1.3)."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_envelope(answer: bytes) -> ElementTree.Element:
    """Return what the body holds.

    Raises:
        UnreadableAnswer: it is no envelope, or declares a document type (entity bombs need one).
        SoapFault: it is a refusal.
    """
    if _ENDLESS_TAG.search(answer):
        raise UnreadableAnswer("a tag without end")
    parser = ElementTree.XMLParser(target=_PlainXml())  # noqa: S314  no document type, no entities
    try:
        parser.feed(answer)
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise UnreadableAnswer(f"not well-formed XML: {error}") from error
    body = child(root, "Body")
    if local_name(root) != "Envelope" or body is None or len(body) == 0:
        raise UnreadableAnswer("no SOAP envelope")
    if local_name(body[0]) == "Fault":
        raise _read_fault(body[0])
    return body[0]


class _PlainXml(ElementTree.TreeBuilder):
    """Builds a tree of bounded depth and bounded names, so that who searches it is done soon."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    @override
    def start(self, tag: str, attrs: dict[str, str], /) -> ElementTree.Element:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableAnswer("elements within elements without end")
        return super().start(tag, attrs)

    def start_ns(self, _prefix: str, uri: str) -> None:
        if len(uri) > _LONGEST_NAMESPACE:
            raise UnreadableAnswer("a namespace longer than any")

    @override
    def end(self, tag: str, /) -> ElementTree.Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, _name: str, _public_id: str | None, _system: str | None) -> None:
        raise UnreadableAnswer("a document type where none belongs")


def _read_fault(fault: ElementTree.Element) -> SoapFault:
    values = (texts(fault, "Value"), texts(fault, "faultcode"))
    codes = frozenset(text.rpartition(":")[2] for found in values for text in found)
    reason = next(texts(fault, "Text"), "") or next(texts(fault, "faultstring"), "")
    return SoapFault(codes, reason[:_LONGEST_REASON] or ", ".join(sorted(codes)))


def local_name(element: ElementTree.Element) -> str:
    """Return an element's name; namespaces are what cameras get wrong most often."""
    return element.tag.rpartition("}")[2]


def child(element: ElementTree.Element | None, name: str) -> ElementTree.Element | None:
    """Return the first child of that name, in whatever namespace."""
    if element is None:
        return None
    return next((inner for inner in element if local_name(inner) == name), None)


def texts(element: ElementTree.Element, name: str) -> Iterator[str]:
    """Yield the text of every element of that name below, in whatever namespace."""
    for inner in element.iter():
        if local_name(inner) == name:
            yield (inner.text or "").strip()
