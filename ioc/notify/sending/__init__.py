"""The queue of notifications on disk, and the lanes that empty it, one per channel."""
