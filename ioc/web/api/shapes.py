"""What all values of the JSON interface have in common."""

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """A value of the interface: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)
