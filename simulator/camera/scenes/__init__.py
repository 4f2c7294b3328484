"""Drawn scenes of a Vietnamese commune: pure functions of a seed and a time, no I/O, no clock."""
