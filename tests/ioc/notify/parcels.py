"""Parcels and secrets for the tests of channels."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ioc.notify.channels.parcel import Parcel

AT = datetime(2026, 1, 5, 0, 0, tzinfo=UTC)


def make_parcel(**changes: object) -> Parcel:
    """Return an emergency as it leaves."""
    parcel = Parcel(
        notification_id="0190a000-0000-7000-8000-000000000001",
        dedupe_key="7/contact-1",
        address="84912345678",
        title="◆ Vào khu vực cấm – Cổng làng, xóm Bản Chương",
        body='Mức 1 · Rất gấp. Xảy ra lúc 07:00. "Chưa ai" tiếp nhận.',
        link="https://ioc.example/?canh-bao=1",
        priority="critical",
        language="vi",
        facts={"alarm_id": "a-1", "kind": "intrusion", "what": "Vào khu vực cấm", "at": "07:00"},
        created_at=AT,
        expires_at=AT + timedelta(hours=2),
        sent_at=AT,
    )
    return replace(parcel, **changes)


def secret(folder: Path, name: str, text: str) -> Path:
    """Write a private file."""
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(text)
    return path
