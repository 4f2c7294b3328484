"""A day of a commune's alarms, drawn and replayed."""
