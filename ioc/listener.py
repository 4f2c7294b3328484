"""The sockets on which the centre serves HTTP: bound before anything else, so that a fault is clear."""

import errno
import socket

from ioc.settings import Web


class CannotListen(Exception):
    """The address cannot be served; whoever wrote the settings must choose another."""


def open_listener(web: Web) -> socket.socket:
    """Return a bound TCP socket; the caller closes it.

    Raises:
        CannotListen: the port is taken, needs rights, or the host is not this machine's.
    """
    where = f"{web.host}:{web.port}"
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((web.host, web.port))
        listener.listen(socket.SOMAXCONN)
        listener.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    except OSError as error:
        listener.close()
        raise CannotListen(f"cannot serve {where}: {_why(error)}") from error
    return listener


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use by another program; stop it, or set another web.port"
    if error.errno == errno.EACCES:
        return "ports below 1024 need the right CAP_NET_BIND_SERVICE; or set a higher web.port"
    if error.errno == errno.EADDRNOTAVAIL:
        return "no network interface of this machine has that address; correct web.host"
    return str(error)
