"""Whom an alarm calls, in which words, on which contacts, and who is next when nobody takes it."""
