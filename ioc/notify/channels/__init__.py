"""The channels, each an adapter to what one service speaks; none knows of alarms or of the store."""
