"""What a restart finds of broadcasts that were under way."""

import pytest

from contracts.events import BroadcastProgress
from edge_agent.orders import playbacks
from edge_agent.orders.broadcasts import _settle_interrupted
from tests.edge_agent.outbox.gateway import make_clock, open_store, sent

BROADCAST = "33333333-0000-4000-8000-000000000001"


@pytest.fixture
def store(tmp_path):
    opened = open_store(tmp_path, make_clock())
    yield opened
    opened.close()


def test_a_playback_whose_command_is_long_forgotten_ends(store):
    """It is reported failed; the desk starts, else no command would ever be obeyed again."""
    store.write(
        lambda entry: playbacks.begin(
            entry, broadcast_id=BROADCAST, loudspeaker_id="loa1", command_number=3
        )
    )
    resumed = store.write(lambda entry: _settle_interrupted(entry, is_held=lambda *_: False))
    assert resumed == ()
    states = [e.data.state for e in sent(store) if isinstance(e.data, BroadcastProgress)]
    assert states == ["accepted", "failed"]
