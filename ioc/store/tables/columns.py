"""The column types and the catalogue that every table shares; pure.

Instants are aware UTC, stored as microseconds since 1970 so that every database sorts them alike.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Dialect, Integer, MetaData, TypeDecorator
from typing_extensions import override

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BIG = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in INTEGER


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime kept as integer microseconds."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return microseconds since 1970."""
        del dialect
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return the aware instant."""
        del dialect
        return None if value is None else _EPOCH + timedelta(microseconds=value)


metadata = MetaData()
