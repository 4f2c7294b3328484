"""systemd hears that the service is ready and alive."""

import socket

import pytest

from edge_agent.sd_notify import ServiceNotifier


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_every_word(tmp_path, abstract):
    """One datagram per state, to a path or an abstract socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        name = f"commune-ioc-test-{tmp_path.name}" if abstract else str(tmp_path / "notify")
        systemd.bind("\0" + name if abstract else name)
        named = "@" + name if abstract else name
        notifier = ServiceNotifier({"NOTIFY_SOCKET": named, "WATCHDOG_USEC": "60000000"})
        notifier.ready("connected")
        notifier.beat()
        notifier.stopping()
        heard = [systemd.recv(200).decode() for _ in range(3)]
    assert heard == ["READY=1\nSTATUS=connected", "WATCHDOG=1", "STOPPING=1"]
    assert notifier.watchdog_s == 60


def test_without_systemd_nothing_happens():
    """A gateway started by hand says nothing to anybody."""
    notifier = ServiceNotifier({})
    notifier.ready("connected")
    assert notifier.watchdog_s is None


def test_a_systemd_that_is_gone_harms_nothing(tmp_path):
    """Nobody listens at the address."""
    ServiceNotifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).beat()
