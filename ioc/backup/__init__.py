"""Backup of a running centre into one file, and its restoration into an empty place."""
