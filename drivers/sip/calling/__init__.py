"""The SIP of one call, from values to values: no socket, no clock, no thread."""
