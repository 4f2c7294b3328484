"""Fixtures of the RTP driver's tests."""

import socket

import pytest


@pytest.fixture
def free_udp_port() -> int:
    """An even UDP port on 127.0.0.1 nobody listens on (RTP ports are even)."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port % 2 == 0:
            return port
