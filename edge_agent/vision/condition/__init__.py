"""Whether a camera's pictures and packets can be relied on. Pure: no clock, no I/O."""
