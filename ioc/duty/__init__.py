"""Duty: who is called first at which hour, and how one shift hands over to the next."""
