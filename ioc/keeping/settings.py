"""What an installation decides about how long things are kept."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Days = Annotated[int, Field(ge=1, le=36_500)]


class RetentionSettings(BaseModel):
    """For how long, and on how much disk; what an alarm on hold needs is kept beyond all of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    evidence_gb: Annotated[float, Field(gt=0, le=1_000_000)] = 50.0
    """Of pictures and clips together; beyond it the oldest go first."""
    evidence_days: Days = 180
    events_days: Days = 400
    """This month can be compared with the same month last year."""
    alarms_days: Days = 1_900
    """With their log and what people were told of them; five years."""
    broadcasts_days: Days = 1_900
    """The station log, with the sounds that were played; five years."""
    duty_log_days: Days = 3_650
    """What one shift handed over to the next; ten years."""

    @model_validator(mode="after")
    def _alarms_last(self) -> Self:
        if not self.evidence_days <= self.alarms_days >= self.events_days:
            raise ValueError(
                "alarms_days is shorter than evidence_days or events_days: pictures and events"
                " without their alarm belong to nobody"
            )
        return self

    @property
    def evidence_bytes(self) -> int:
        """The most that pictures and clips may take."""
        return int(self.evidence_gb * 1e9)
