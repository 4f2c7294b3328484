"""What a technician tunes a camera with: a drawn replay, zones as points, a sensitivity report."""
