"""The player child: announcements in, paced audio and proof of play out."""
