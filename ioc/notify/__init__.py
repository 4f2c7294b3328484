"""Notifications: from what must reach people to what each of their telephones was given."""
