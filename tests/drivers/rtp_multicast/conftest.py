"""Fixtures of the RTP driver's tests."""

import pytest

from tests.fakes.ports import find_free_udp_port


@pytest.fixture
def free_udp_port() -> int:
    """An even UDP port on 127.0.0.1 nobody listens on."""
    return find_free_udp_port()
