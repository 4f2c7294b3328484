"""The gateway's only memory of what the centre has not yet committed, on disk."""

from edge_agent.outbox.drafts import Draft
from edge_agent.outbox.entry import Entry
from edge_agent.outbox.errors import OutboxError
from edge_agent.outbox.outbox import Outbox, open_outbox
from edge_agent.outbox.sending import Lane

__all__ = ["Draft", "Entry", "Lane", "Outbox", "OutboxError", "open_outbox"]
