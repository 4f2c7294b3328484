"""Who has an alarm in hand, and what people write about it."""
