"""Simulated loudspeakers that are spoken to over HTTP, written from their makers' public documents."""
