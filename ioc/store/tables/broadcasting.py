"""Sounds, broadcasts, what each loudspeaker did with them, and what gateways say by themselves."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from ioc.store.tables.columns import Instant, metadata

audio = Table(
    "audio",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("media_type", String(60), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("spoken_text", Text, nullable=False),
    Column("created_by", String(63), nullable=False),
    Column("created_at", Instant, nullable=False),
)

previews = Table(
    "previews",
    metadata,
    Column("login", String(63), primary_key=True),  # who has heard it
    Column("audio_sha256", String(64), primary_key=True),
    Column("text", Text, nullable=False),  # as the author wrote it; of a recording: its title
    Column("previewed_at", Instant, nullable=False),
    # speech | recording | file | phrases
    Column("kind", String(12), nullable=False, default="speech", server_default="speech"),
    # actual | exercise: whether the drill is said in it
    Column("status", String(12), nullable=False, default="actual", server_default="actual"),
    # The text is said twice, as emergencies are
    Column("said_twice", Boolean, nullable=False, default=False, server_default="0"),
)

phrase_templates = Table(
    "phrase_templates",
    metadata,
    Column("template_id", String(36), primary_key=True),
    Column("pattern", Text, nullable=False),  # Vietnamese with slots: "Họp lúc {giờ} tại {nơi}"
    Column("created_by", String(63), nullable=False),
    Column("created_at", Instant, nullable=False),
)

phrase_places = Table(
    "phrase_places",
    metadata,
    Column("place_id", String(36), primary_key=True),
    Column("name", String(200), nullable=False),  # in Vietnamese
    Column("created_by", String(63), nullable=False),
    Column("created_at", Instant, nullable=False),
)

phrase_recordings = Table(
    "phrase_recordings",
    metadata,
    Column("language", String(12), primary_key=True),  # tay | nung | mong | dao | …
    Column("phrase_key", String(80), primary_key=True),  # hour:19 | minute:30 | place:… | text:…
    Column("meaning", Text, nullable=False),  # in Vietnamese, as it was when recorded
    Column("audio_sha256", String(64), nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("recorded_by", String(63), nullable=False),
    Column("recorded_at", Instant, nullable=False),
)

broadcasts = Table(
    "broadcasts",
    metadata,
    Column("broadcast_id", String(36), primary_key=True),
    Column("author", String(63), nullable=False),
    Column("source", String(12), nullable=False),  # console | phone | gateway
    # speech | recording | file | phrases | relay | talk_down
    Column("kind", String(12), nullable=False, default="speech", server_default="speech"),
    Column("alarm_id", String(36), index=True),  # spoken in answer to this alarm
    Column("repeat_of", String(36), index=True),  # the first broadcast that this one repeats
    Column("text", Text, nullable=False),
    Column("audio_sha256", String(64), nullable=False),  # of a relay: empty
    Column("stream_url", Text),  # of a relay
    Column("stream_s", Float),  # how long a relay lasts
    Column("priority", String(12), nullable=False),  # routine | priority | emergency
    Column("level", String(12), nullable=False, default="commune", server_default="commune"),
    Column("status", String(12), nullable=False, default="actual", server_default="actual"),
    Column("when_interrupted", String(8), nullable=False, default="drop", server_default="drop"),
    Column("not_before", Instant),  # null: at once
    Column("approved_by", String(63)),  # null: nobody had to
    Column("approved_at", Instant),
    # Of a talk-down
    Column("object_id", String(36), index=True),  # of the sighting it answers
    Column("answer", String(12)),  # contracts' Answer: did the person leave?
    Column("answer_s", Float),  # from the first sound to that
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("broadcast_id", String(36), primary_key=True),
    Column("gateway_id", String(63), primary_key=True),
    Column("device_id", String(63), primary_key=True),
    Column("state", String(12), nullable=False),  # queued, then contracts' BroadcastState
    Column("updated_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("seconds_sent", Float, nullable=False, default=0.0),
    Column("underruns", Integer, nullable=False, default=0),
    Column("detail", Text, nullable=False, default=""),
    Column("stepped_at", Instant),  # of the step that made `state`, by the centre's clock
    Column("offset_s", Float, nullable=False, default=0.0, server_default="0"),  # of its turn
)

delivery_steps = Table(  # append-only: what each loudspeaker did with each broadcast, to the second
    "delivery_steps",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("broadcast_id", String(36), nullable=False, index=True),
    Column("gateway_id", String(63), nullable=False),
    Column("device_id", String(63), nullable=False),
    Column("state", String(12), nullable=False),  # contracts' BroadcastState
    Column("occurred_at", Instant, nullable=False),
    Column("seconds_sent", Float, nullable=False),  # of the whole broadcast so far
    Column("underruns", Integer, nullable=False),
    Column("detail", Text, nullable=False),
)

hearings = Table(
    "hearings",
    metadata,
    Column("broadcast_id", String(36), primary_key=True),
    Column("gateway_id", String(63), primary_key=True),
    Column("device_id", String(63), primary_key=True),
    Column("camera_id", String(63)),  # null: none with a microphone is near
    Column("hearing", String(12), nullable=False),  # contracts' Hearing
    Column("score", Float, nullable=False),
    Column("threshold", Float, nullable=False),
    Column("measured_s", Float, nullable=False),
    Column("lag_s", Float),
    Column("detail", Text, nullable=False),
    Column("occurred_at", Instant, nullable=False),
)

loudspeaker_tests = Table(
    "loudspeaker_tests",
    metadata,
    Column("test_id", String(36), primary_key=True),
    Column("gateway_id", String(63), primary_key=True),
    Column("device_id", String(63), primary_key=True),
    Column("ordered_by", String(63)),  # null: the gateway's own schedule
    Column("ordered_at", Instant),
    Column("occurred_at", Instant),  # null: no answer yet
    Column("is_played", Boolean),
    Column("hearing", String(12)),
    Column("score", Float),
    Column("detail", Text, nullable=False, default=""),
    Index("loudspeaker_tests_by_device", "gateway_id", "device_id"),
)

talk_downs = Table(
    "talk_downs",
    metadata,
    Column("talk_down_id", String(36), primary_key=True),
    Column("gateway_id", String(63), nullable=False, index=True),
    Column("camera_id", String(63), nullable=False),
    Column("zone", String(200)),  # null: any zone of the camera
    Column("causes", JSON, nullable=False),  # littering | intrusion | loitering
    Column("loudspeaker_ids", JSON, nullable=False),
    Column("text", Text, nullable=False),
    Column("audio_sha256", String(64), nullable=False),
    Column("night_text", Text),  # null: the same as by day
    Column("night_audio_sha256", String(64)),
    Column("hours", JSON, nullable=False),  # when it may speak; empty: always
    Column("cool_down_s", Float, nullable=False),
    Column("daily_limit", Integer, nullable=False),
    Column("night_volume_db", Float, nullable=False),  # relative to the day's
    Column("changed_by", String(63), nullable=False),
    Column("changed_at", Instant, nullable=False),
)
