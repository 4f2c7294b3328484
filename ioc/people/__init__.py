"""People: who may do what where, their passwords and sessions, and the log of what they did."""

from ioc.people.access import Access, Role
from ioc.people.accounts import User
from ioc.people.errors import Refusal
from ioc.people.people import LoggedIn, LoginRefused, People, Session

__all__ = ["Access", "LoggedIn", "LoginRefused", "People", "Refusal", "Role", "Session", "User"]
