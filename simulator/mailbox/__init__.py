"""A mail server that delivers to nobody: it shows what people would have been told."""

from simulator.mailbox.server import Mail, Mailbox

__all__ = ["Mail", "Mailbox"]
