"""Alarms, devices and deliveries in words; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from ioc.broadcasts import Delivery, LoudspeakerId
from ioc.fixture_orders import FixtureOrder
from ioc.web.pages.grounds import condition_name, conditions_of, kind_name
from ioc.web.pages.station_sayings import describe_talk_down_step
from ioc.web.presentation import Wording, loudspeaker_name
from ioc.web.reading.alarms import AlarmView, Transition
from ioc.web.reading.broadcasts import NOT_PLAYED, Told
from ioc.web.reading.devices import DeviceView, GatewayView
from ioc.web.reading.evidence import Clip
from ioc.web.reading.places import Places
from ioc.web.reading.together import Source

_NOTED = frozenset({"shelve", "out_of_service", "assign", "comment"})
"""Lines of an alarm's log that repeat what somebody has written or chosen."""
_STREAM_FAILED = "the stream "
"""So gateways begin to say that a station, not a loudspeaker, was silent."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """One loudspeaker's line on the proof screen."""

    gateway_id: str
    device_id: str
    name: str
    state: str
    sentence: str
    detail: Markup
    advice: Markup
    may_repeat: bool
    told: str


@dataclass(frozen=True, kw_only=True)
class Speech:
    """Says what pages show, in one language, with the names of one store snapshot."""

    wording: Wording
    places: Places

    def what(self, alarm: AlarmView) -> str:
        """Return `Đổ rác sai quy định – Cổng làng, xóm Bản Chương`."""
        words = self.wording.words
        where = self.places.where(alarm.gateway_id, alarm.device_id, alarm.area_id)
        return words("alarm.where", what=self._kind(alarm), where=where)

    def heading(self, alarm: AlarmView) -> Markup:
        """Return `what` as HTML, the place's name kept to itself."""
        where = self.places.where(alarm.gateway_id, alarm.device_id, alarm.area_id)
        what = Markup.escape(self._kind(alarm))
        return self.wording.words.isolated("alarm.where", what=what, where=where)

    def source(self, source: Source) -> Markup:
        """Return `Mất kết nối thiết bị – Tủ Nhà văn hóa (212)`: what, from where, how many."""
        where = self.places.device(source.gateway_id, source.device_id)
        return self.wording.words.isolated(
            "together.source",
            what=kind_name(source.kind, self.wording),
            where=where or self.wording.words("together.centre"),
            n=self.wording.number(source.number),
        )

    def handling(self, alarm: AlarmView, history: Sequence[Transition]) -> list[str]:
        """Return who has answered it, how, and when it ended, one sentence a line."""
        words, lines = self.wording.words, []
        mark = _false_mark(history)
        marked_at = mark.at if mark else None
        if alarm.acknowledged_at and alarm.acknowledged_by and alarm.acknowledged_at != marked_at:
            at = self.wording.at(alarm.acknowledged_at)
            lines.append(words("alarm.acknowledged_by", who=alarm.acknowledged_by, at=at))
        if mark is not None:
            reason = f"false.{mark.note}"
            said = words(reason if words.knows(reason) else "false.other")
            at = self.wording.at(mark.at)
            lines.append(words("alarm.called_false", who=mark.who or "", at=at, reason=said))
        if alarm.returned_at and alarm.returned_at != marked_at:
            lines.append(words("alarm.returned_at", at=self.wording.at(alarm.returned_at)))
        return lines

    def marks(self, alarm: AlarmView) -> Iterator[str]:
        """Give what else a row says: why it is silent, how many it explains, that time presses."""
        words, wording = self.wording.words, self.wording
        if alarm.assigned_to is not None and alarm.state != "normal":
            yield self.in_hand(alarm)
        if alarm.suppression:
            until = f"{alarm.suppression}{'_until' if alarm.suppressed_until else ''}"
            yield words(f"suppression.{until}", until=wording.at(alarm.suppressed_until))
        if alarm.explains:
            yield words("alarm.explains", n=alarm.explains)
        if alarm.chattering:
            yield words("alarm.chattering")
        if alarm.stale:
            yield words("alarm.stale")
        if alarm.paused_at is not None:
            yield words("alarm.paused", at=wording.at(alarm.paused_at))
        elif alarm.resolve_by is not None and alarm.state != "normal":
            late = wording.now > alarm.resolve_by
            said = "alarm.overdue" if late else "alarm.resolve_by"
            yield words(said, at=wording.at(alarm.resolve_by))

    def in_hand(self, alarm: AlarmView) -> str:
        """Return `Ma Thị Lan đang xử lý từ 21:06`; until she says so, that it was given to her."""
        at = self.wording.at(alarm.assigned_at)
        said = "alarm.in_hand" if alarm.taken else "alarm.given"
        return self.wording.words(said, who=alarm.assigned_name or "", at=at)

    def timeline(self, history: Sequence[Transition]) -> Iterator[tuple[Transition, str]]:
        """Give each line of the log with what happened; of a camera, which condition it was."""
        in_force: set[str] = set()
        for step in history:
            condition = step.condition
            if condition is None:
                yield step, self.cause(step)
                continue
            yield step, self._condition(step, condition, lasting=condition in in_force)
            (in_force.discard if step.cause == "return" else in_force.add)(condition)

    def _condition(self, step: Transition, condition: str, *, lasting: bool) -> str:
        words, named = self.wording.words, condition_name(condition, self.wording)
        if step.cause == "annunciate" or step.note in ("late", "dismissed"):
            return words("cause.of_condition", what=self.cause(step), condition=named)
        if step.cause == "return":
            return words("cause.condition_ended", condition=named)
        return words(f"cause.condition_{'lasts' if lasting else 'began'}", condition=named)

    def cause(self, step: Transition) -> str:
        """Return what happened in one line of the log."""
        if step.together or (step.note and step.cause in ("acknowledge", "close")):
            return self._together(step)
        return self._cause(step)

    def _cause(self, step: Transition) -> str:
        words = self.wording.words
        if step.cause == "mark_false" and words.knows(reason := f"false.{step.note}"):
            return words("cause.mark_false", reason=words(reason))
        if step.cause == "talk_down":
            return describe_talk_down_step(step.note or "", words)
        if step.cause == "corroborate" and words.knows(claim := f"claim.{step.note}"):
            return words("cause.corroborate", claim=words(claim))
        if step.cause in _NOTED:
            return words(f"cause.{step.cause}", note=step.note or "")
        note = f"suppress_{step.note}" if step.cause == "suppress" else step.note
        for key in (note, step.cause):
            if key and words.knows(f"cause.{key}"):
                return words(f"cause.{key}")
        return step.cause

    def _together(self, step: Transition) -> str:
        """Return that it was answered at once with others, and why it was closed."""
        words = self.wording.words
        said = words(f"cause.{step.cause}")
        if step.together:
            said = words("together.logged", what=said, n=self.wording.number(step.together))
        return words("together.because", what=said, reason=step.note) if step.note else said

    def fixture(
        self, order: FixtureOrder | None, *, gateway_online: bool, deed: str = "fixture"
    ) -> str:
        """Return what has become of an order about a fixture; empty: there is none.

        `deed` is `fixture` for being taken for one, `forgetting` for being one no more.
        """
        if order is None:
            return ""
        state = order.state
        if state == "pending":
            state = "sent" if gateway_online else "waiting"
        at, until = self.wording.at(order.issued_at), self.wording.at(order.expires_at)
        said = self.wording.words(f"{deed}.{state}", at=at, until=until)
        if order.state in ("failed", "refused") and order.reason:
            said = f"{said} {self.wording.words('delivery.technician', code=order.reason)}"
        return said

    def clip(self, clip: Clip) -> str:
        """Return when a clip begins and how long it is: `21:04:31 · 26 giây`."""
        length = self.wording.seconds(clip.duration_s)
        return f"{self.wording.moment(clip.begins_at)} · {length}"

    def clip_file(self, clip: Clip) -> str:
        """Return how the link to a clip's file is called, with its size and coding."""
        size = self.wording.number(max(0.1, clip.size_bytes / 1_000_000))
        coding = {"h264": "H.264", "hevc": "H.265"}.get(clip.codec, clip.codec)
        return self.wording.words("clip.file", size=size, coding=coding)

    def gateway_state(self, gateway: GatewayView) -> str:
        """Return a gateway's state and since when."""
        return self._since(gateway.state, gateway.since)

    def device_state(self, device: DeviceView) -> str:
        """Return a device's state and since when; unknown while its gateway is away."""
        words = self.wording.words
        if not device.present:
            return words("device.absent")
        if device.gateway_away_since is not None:
            since = self.wording.at(device.gateway_away_since)
            return words("device.unknown_behind_gateway", since=since)
        state = device.state
        if state == "offline" and device.reason == "auth_failed":
            state = "auth_failed"
        if state == "online" and device.conditions:
            named = ", ".join(condition_name(each, self.wording) for each in device.conditions)
            since = self.wording.at(device.degraded_since)
            return words("device.degraded_since", since=since, conditions=named)
        return self._since(state, device.since)

    def proof(self, delivery: Delivery, told: Told | None, *, may_speak: bool) -> Proof:
        """Return a loudspeaker's line: state in words, seconds, and what to do."""
        words, wording = self.wording.words, self.wording
        speaker = delivery.loudspeaker
        name = loudspeaker_name(speaker.name)
        repeatable = may_speak and delivery.state in NOT_PLAYED
        return Proof(
            gateway_id=speaker.gateway_id,
            device_id=speaker.device_id,
            name=name,
            state=delivery.state,
            sentence=words(f"delivery.{proven_state(delivery.state, delivery.hearing)}"),
            detail=self._proof_detail(delivery),
            advice=words.isolated(f"delivery.{_advice_for(delivery)}", name=name)
            if repeatable
            else Markup(),
            may_repeat=repeatable,
            told=words("delivery.told_by", who=told.who, at=wording.at(told.at)) if told else "",
        )

    def _proof_detail(self, delivery: Delivery) -> Markup:
        words, wording = self.wording.words, self.wording
        parts: list[str] = []
        if delivery.seconds_sent > 0:
            seconds = wording.seconds(delivery.seconds_sent)
            parts.append(words("delivery.seconds", seconds=seconds))
        elif not delivery.final:
            age_s = max(0.0, (wording.now - delivery.updated_at).total_seconds())
            parts.append(words("delivery.since", seconds=wording.seconds(float(round(age_s)))))
        if delivery.state in NOT_PLAYED and delivery.detail:
            parts.append(words.isolated("delivery.technician", code=delivery.detail))
        if delivery.state == "finished" and delivery.hearing != "heard":
            parts.append(words(f"delivery.hearing_{delivery.hearing or 'none'}"))
        return Markup(" · ").join(parts)

    def _kind(self, alarm: AlarmView) -> str:
        words = self.wording.words
        if alarm.kind == "device_down":
            device_id = alarm.device_id or alarm.object_id
            kind = self.places.device_kinds.get((alarm.gateway_id, device_id), "camera")
            if alarm.facts.get("reason") == "auth_failed":
                return words("kind.auth_failed")
            return words("kind.device_down", device=words(f"device.{kind}"))
        if alarm.kind == "camera_degraded":
            named = [condition_name(each, self.wording) for each in conditions_of(alarm)]
            return words("kind.camera_degraded", conditions=", ".join(named))
        if alarm.kind == "rule":
            return words("kind.rule", name=str(alarm.facts.get("name", "")))
        if words.knows(f"kind.{alarm.kind}"):
            return words(f"kind.{alarm.kind}")
        return words("kind.other", kind=alarm.kind)

    def _since(self, state: str, since: datetime | None) -> str:
        words = self.wording.words
        if state == "unknown" or since is None:
            return words("device.unknown")
        return words(f"device.{state}_since", since=self.wording.at(since))


def proven_state(state: str, hearing: str | None) -> str:
    """Return a delivery's state, `heard` where a microphone proved that it sounded to the end."""
    return "heard" if state == "finished" and hearing == "heard" else state


def _advice_for(delivery: Delivery) -> str:
    """Return which advice fits: not every failure is the loudspeaker's."""
    if delivery.state == "failed" and delivery.started_at is not None:
        return "failed_midway_advice"
    if delivery.state == "failed" and delivery.detail.startswith(_STREAM_FAILED):
        return "failed_stream_advice"
    return f"{delivery.state}_advice"


def _false_mark(history: Sequence[Transition]) -> Transition | None:
    """Return the line by which it was called false, unless that was taken back."""
    marks = [step for step in history if step.cause in ("mark_false", "undo")]
    return marks[-1] if marks and marks[-1].cause == "mark_false" else None


def next_action(alarm: AlarmView, *, may_acknowledge: bool, can_speak: bool) -> str:
    """Return the one thing to do next with an alarm."""
    if alarm.awaiting and may_acknowledge:
        return "acknowledge"
    if alarm.latched and alarm.state != "normal" and may_acknowledge:
        return "close"
    if alarm.kind == "littering" and alarm.state != "normal" and can_speak and not alarm.spoken:
        return "talk_down"
    return "view"


def loudspeaker_of(delivery: Delivery) -> LoudspeakerId:
    """Return which loudspeaker a delivery is for."""
    return LoudspeakerId(delivery.loudspeaker.gateway_id, delivery.loudspeaker.device_id)
