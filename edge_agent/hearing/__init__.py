"""Proof that a broadcast was heard: cameras' microphones compared with what was played."""
