"""What one person may see and do, decided by role and area; pure."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person is in the commune."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    HAMLET_HEAD = "hamlet_head"
    TECHNICIAN = "technician"
    LEADER = "leader"
    ADMIN = "admin"


_ACKNOWLEDGES = frozenset({Role.OPERATOR, Role.LEADER, Role.ADMIN})
_SPEAKS = _ACKNOWLEDGES | {Role.HAMLET_HEAD}


@dataclass(frozen=True, kw_only=True)
class Access:
    """One person's rights; `area_ids` are their own area and all below it."""

    login: str
    name: str
    role: Role
    area_ids: frozenset[str]

    def may_see(self, area_id: str) -> bool:
        """Tell whether objects of this area exist for the person."""
        return area_id in self.area_ids

    def may_acknowledge(self, area_id: str) -> bool:
        """Tell whether the person may answer alarms of this area."""
        return self.role in _ACKNOWLEDGES and self.may_see(area_id)

    def may_speak(self, area_id: str) -> bool:
        """Tell whether the person may use loudspeakers of this area."""
        return self.role in _SPEAKS and self.may_see(area_id)

    def may_handle(self, area_id: str) -> bool:
        """Tell whether the person may have alarms of this area in hand, and write about them."""
        return self.role is not Role.VIEWER and self.may_see(area_id)

    @property
    def may_set_roster(self) -> bool:
        """Whether the person may decide who is on duty, in their areas."""
        return self.role in {Role.LEADER, Role.ADMIN}

    @property
    def may_hand_over(self) -> bool:
        """Whether the person keeps shifts that are handed over and taken over."""
        return self.role in _ACKNOWLEDGES

    @property
    def may_speak_emergencies(self) -> bool:
        """Whether the person may interrupt everything else on a loudspeaker."""
        return self.role in _ACKNOWLEDGES

    @property
    def may_set_talk_downs(self) -> bool:
        """Whether the person may decide what gateways say by themselves."""
        return self.role in _ACKNOWLEDGES

    @property
    def may_set_rules(self) -> bool:
        """Whether the person may decide what calls people, where the whole commune is theirs."""
        return self.role in {Role.TECHNICIAN, Role.LEADER, Role.ADMIN}

    @property
    def may_test_loudspeakers(self) -> bool:
        """Whether the person may have loudspeakers play a short test tone."""
        return self.role in _ACKNOWLEDGES or self.role is Role.TECHNICIAN

    @property
    def may_open_console(self) -> bool:
        """Whether the alarm console is this person's page; a hamlet head has the phone page."""
        return self.role is not Role.HAMLET_HEAD

    @property
    def may_hold(self) -> bool:
        """Whether the person may have an alarm kept beyond its age, and end that."""
        return self.role in {Role.LEADER, Role.ADMIN}

    @property
    def may_administer(self) -> bool:
        """Whether the person may change users and settings."""
        return self.role is Role.ADMIN

    @property
    def may_read_interfaces(self) -> bool:
        """Whether the person may read the documentation of the programming interface."""
        return self.role in {Role.TECHNICIAN, Role.ADMIN}
