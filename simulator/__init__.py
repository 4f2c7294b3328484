"""A commune in software: cameras and loudspeakers that speak the real protocols."""
