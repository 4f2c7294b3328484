"""Drawn sound for the hearing benchmark: announcements, villages with echoes, noise, microphones."""
