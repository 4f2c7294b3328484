"""Under which names a centre with a certificate is reached, and whom to trust for it."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

_THIS_MACHINE = frozenset({"127.0.0.1", "localhost"})


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What the commune needs to know of its certificate."""

    near_name: str
    """For the gateway on this machine."""
    far_name: str
    """For people with phones."""
    vouches_for_itself: bool
    """Then the gateway is told to trust it; no authority does."""


def describe_certificate(path: Path) -> Certificate:
    """Read the first certificate of a PEM file.

    Raises:
        ValueError: there is none in it.
    """
    try:
        certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (ValueError, IndexError) as error:
        raise ValueError(f"{path} holds no certificate in PEM form") from error
    names = [name for name in _names(certificate) if not name.startswith("*")] or ["127.0.0.1"]
    near = [name for name in names if name in _THIS_MACHINE]
    far = [name for name in names if name not in _THIS_MACHINE]
    return Certificate(
        near_name=(near or far)[0],
        far_name=(far or near)[0],
        vouches_for_itself=certificate.issuer == certificate.subject,
    )


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    addresses: list[ipaddress.IPv4Address] = [
        address
        for address in extension.value.get_values_for_type(x509.IPAddress)
        if isinstance(address, ipaddress.IPv4Address)
    ]
    return [*extension.value.get_values_for_type(x509.DNSName), *map(str, addresses)]
