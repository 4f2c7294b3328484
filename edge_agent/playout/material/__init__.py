"""What is played: decoded files and live streams, ready before their turn comes."""
