"""Why no backup was made, or none restored; the sentence says what to do."""


class BackupRefused(Exception):
    """The backup was not made or not restored; the sentence says what to change."""
