"""The alarm engine: values in, decisions out. Pure: no clock, no store, no logging."""
