"""What rules make of events and measured values: matchers, windows, delays; pure."""
