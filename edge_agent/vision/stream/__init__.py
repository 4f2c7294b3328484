"""Compressed video: opened, demuxed, kept in rings, decoded on demand; understands no picture."""
