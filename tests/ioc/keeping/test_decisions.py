"""Nothing grows for ever: every table and every folder of the centre has a rule that ends its keeping."""

import re
from pathlib import Path

import pytest

from ioc.keeping.decisions import DECISIONS, End, tables_of
from ioc.keeping.settings import RetentionSettings
from ioc.store.tables import metadata

PAGE = Path(__file__).parents[3] / "docs" / "retention.md"


def test_every_table_has_a_decision():
    """Whoever adds a table says what makes its rows go: in ioc/keeping/decisions.py."""
    assert set(metadata.tables) - set(DECISIONS) == set()
    assert set(DECISIONS) - set(metadata.tables) == set()


@pytest.mark.parametrize(
    ("end", "column"), [(End.ALARM, "alarm_id"), (End.BROADCAST, "broadcast_id")]
)
def test_what_goes_with_another_row_names_it(end, column):
    """Else it would be forgotten when that goes."""
    assert [table.name for table in tables_of(end) if column not in table.c] == []


@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_the_page_says_how_long_each_table_is_kept(name):
    """docs/retention.md has a line for it, in the words of the decision."""
    assert f"| `{name}` | {DECISIONS[name].kept} |" in PAGE.read_text(encoding="utf-8")


def test_the_page_explains_every_setting():
    """With its default."""
    page = PAGE.read_text(encoding="utf-8")
    for name, field in RetentionSettings.model_fields.items():
        assert re.search(rf"\| `{name}` \| {field.default:g} \|", page), name
