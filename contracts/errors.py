"""The one error family of the wire; pure."""


class ContractError(ValueError):
    """A payload, topic or id does not follow the contract; the sender must be mended."""
