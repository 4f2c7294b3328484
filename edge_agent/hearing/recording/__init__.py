"""Cameras' sound on its way into memory, never onto a disk."""
