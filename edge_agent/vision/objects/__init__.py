"""Left objects: found, attended to, judged, followed to their end. Pure."""
