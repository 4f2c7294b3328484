"""Device dialects: each folder turns one kind of device into observations and capabilities."""
