"""What an operator teaches a camera; pure."""

from contracts.codec import Id, UuidText
from contracts.commands.command_data import CommandData


class MarkFixture(CommandData):
    """An object that was reported belongs there: end its alarm, report the like of it no more."""

    camera_id: Id
    object_id: UuidText


class ForgetFixture(CommandData):
    """What was marked belongs there no more: report the like of it again."""

    camera_id: Id
    fixture_id: UuidText
    """The id of the object that was marked."""
