"""The measurements of `audio.py`: players and receivers, a typed word's way to a loudspeaker."""
