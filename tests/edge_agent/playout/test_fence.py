"""A relayed station leads a gateway no further inwards than the address that was ordered."""

import http.client
import ipaddress
import socket
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.playout.relaying.fence import Fence, Near, nearness
from tests.edge_agent.playout.radio import Radio
from tests.edge_agent.playout.test_relay import relay

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def radio():
    station = Radio()
    yield station
    station.close()


@pytest.fixture
def fenced():
    fences = []

    def ask(ordered_url, url, *, method="GET"):
        fence = Fence(ordered_url)
        fences.append(fence)
        where = urlsplit(fence.url)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
        connection.request(method, url)
        status = connection.getresponse().status
        connection.close()
        return status, fence.refusal

    yield ask
    for fence in fences:
        fence.close()


@pytest.mark.parametrize(
    ("ordered", "asked"),
    [
        ("http://8.8.8.8/live", "http://192.168.1.64/cgi-bin/reboot"),
        ("http://8.8.8.8/live", "http://127.0.0.1:1883/"),
        ("http://192.168.1.9/live", "http://127.0.0.1:1883/"),
        ("http://192.168.1.9/live", "http://[::1]:1883/"),
        ("http://192.168.1.9/live", "http://169.254.169.254/latest"),
        ("http://192.168.1.9/live", "http://localhost:1883/"),
        ("http://localhost:1883/live", "http://localhost:1883/live"),
    ],
)
def test_redirects_and_playlists_lead_no_further_inwards(fenced, ordered, asked):
    """Whatever a station's answer names, cameras and the gateway's own services are not asked."""
    status, refusal = fenced(ordered, asked)
    assert status == 403
    assert "into this network" in refusal


def test_a_tunnel_leads_no_further_inwards_either(fenced):
    """What is encrypted is looked at by its address."""
    assert fenced("https://8.8.8.8/live", "127.0.0.1:443", method="CONNECT")[0] == 403


def test_what_was_ordered_is_fetched_and_asked_for_by_its_path(fenced, radio):
    """The station is reached as without a fence."""
    assert fenced(radio.url("page"), radio.url("page")) == (200, "")
    assert radio.listeners[-1] == "/page"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_of_this_machine_is_refused_and_the_author_told(player, loudspeaker, scheme):
    """A name is judged by where it leads, before anything is sent there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        player.install("loa", loudspeaker().sink())
        port = listener.getsockname()[1]
        relay(player, f"{scheme}://localhost:{port}/x", seconds=5)
        failed = player.wait_until("R", "failed")
        with pytest.raises(TimeoutError):
            listener.accept()
    assert "into this network" in failed["detail"]


@given(st.ip_addresses())
def test_every_address_is_somewhere(address):
    """An IPv4 address in IPv6's clothes is as near as it is."""
    near = nearness(str(address))
    assert near in Near
    if isinstance(address, ipaddress.IPv4Address):
        assert nearness(f"::ffff:{address}") is near
