"""Which certificates a device may show; it opens no connection."""

import ssl
from pathlib import Path

from drivers.line.address import Address
from drivers.loudspeaker import SinkUnusable


def trust(address: Address, ca_file: str | Path | None) -> ssl.SSLContext | None:
    """What to check the device's certificate against; None: the address is not encrypted.

    Args:
        address: Of the device.
        ca_file: The device's own certificate, or that of whoever signed it (PEM). The name in the
            certificate is then not compared: devices are reached by addresses in figures, and
            their makers write other names into them. None: the authorities of this machine, and
            the name is compared.

    Raises:
        SinkUnusable: The file cannot be read.
    """
    if address.scheme != "https":
        return None
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise SinkUnusable(f"the certificate file {ca_file} cannot be used: {error}") from error
    if ca_file:
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
