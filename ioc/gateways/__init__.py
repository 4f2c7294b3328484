"""Gateways: who may connect, with which secrets, and what the centre knows of each."""

from ioc.gateways.register import Gateway, find, find_all

__all__ = ["Gateway", "find", "find_all"]
