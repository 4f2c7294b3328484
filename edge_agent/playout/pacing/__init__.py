"""The beat: frames leave for all loudspeakers every 20 ms, and what left is counted."""
