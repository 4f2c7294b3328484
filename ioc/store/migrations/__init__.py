"""Alembic's environment and revisions: how the tables of one release become the next one's."""
