"""Which name and trust the gateway needs to reach a centre that has a certificate."""

import ipaddress
from pathlib import Path

from cryptography import x509


def describe_certificate(path: Path) -> tuple[str, bool]:
    """Return the name to reach the certificate's owner by, and whether it vouches for itself.

    Names of this machine are preferred, because the gateway runs on it.
    """
    certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    names = _names(certificate)
    local = [name for name in names if name in {"127.0.0.1", "localhost"}]
    plain = [name for name in names if not name.startswith("*")]
    return (local or plain or ["127.0.0.1"])[0], certificate.issuer == certificate.subject


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
