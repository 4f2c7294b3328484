"""Rights follow from role and area alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.people import Access, Role
from ioc.people.areas import AreaTree

TREE = AreaTree(parents={"xa": None, "ban-chuong": "xa", "to-1": "ban-chuong", "na-lang": "xa"})


def access(role: Role, area_id: str) -> Access:
    return Access(login="a", name="A", role=role, area_ids=TREE.subtree(area_id))


def test_rights_reach_the_own_area_and_all_below_it():
    """Who stands at a hamlet sees its parts, never its neighbour and never the commune."""
    head = access(Role.HAMLET_HEAD, "ban-chuong")
    assert head.may_see("ban-chuong")
    assert head.may_see("to-1")
    assert not head.may_see("na-lang")
    assert not head.may_see("xa")


def test_an_area_that_nobody_configured_gives_no_rights():
    """A misspelt area is nowhere, not everywhere."""
    assert access(Role.ADMIN, "khong-co").area_ids == frozenset()


@pytest.mark.parametrize(
    ("role", "acknowledges", "speaks", "emergencies", "administers"),
    [
        (Role.VIEWER, False, False, False, False),
        (Role.TECHNICIAN, False, False, False, False),
        (Role.HAMLET_HEAD, False, True, False, False),
        (Role.OPERATOR, True, True, True, False),
        (Role.LEADER, True, True, True, False),
        (Role.ADMIN, True, True, True, True),
    ],
)
def test_what_each_role_may_do_in_its_own_area(
    role, acknowledges, speaks, emergencies, administers
):
    """Only those on duty answer alarms; a hamlet head speaks; a viewer only looks."""
    mine = access(role, "ban-chuong")
    assert mine.may_acknowledge("ban-chuong") is acknowledges
    assert mine.may_speak("ban-chuong") is speaks
    assert mine.may_speak_emergencies is emergencies
    assert mine.may_administer is administers
    assert not mine.may_acknowledge("na-lang")
    assert not mine.may_speak("na-lang")


def test_every_right_ends_at_the_border_of_the_area():
    """No role may do anything in an area it cannot see."""
    for role in Role:
        mine = access(role, "na-lang")
        assert not any(check("to-1") for check in (mine.may_acknowledge, mine.may_speak))


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.none() | st.sampled_from("abcdefg"), max_size=6)
)
def test_any_tree_even_a_broken_one_can_be_walked(parents):
    """Circles and missing parents end the walk; nobody gains an area they do not stand above."""
    tree = AreaTree(parents=parents)
    for area_id in parents:
        assert area_id in tree.subtree(area_id)
        for below in tree.subtree(area_id):
            assert area_id in tree.path(below)
