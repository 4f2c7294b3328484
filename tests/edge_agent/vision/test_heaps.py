"""Where something lies already, more is put down: each is an object of its own."""

from tests.edge_agent.vision.stage import Picture, box, carrier, deposit, figure, play

LAST_S = 70.0


def heap(*, second_s: float = 30.0, taken_s: float = LAST_S):
    """A bag at 8 s, a smaller one right beside it later, by somebody else; both taken in the end."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit(until_s=taken_s)(picture, t_s)
        if second_s <= t_s < taken_s:
            box(picture, 178, 110, 10, 10, 200)
        for there_s, place in ((second_s, 168.0), (taken_s - 1, 140.0)):
            left = carrier(t_s, there_s=there_s, away_s=there_s + 2, place=place)
            if left is not None:
                figure(picture, left, t_s)

    return paint


def test_what_is_put_beside_a_confirmed_bag_is_told_too() -> None:
    """Whoever dumps where rubbish lies already is somebody else."""
    told = play(heap(), until_s=LAST_S + 15)
    first_s, second_s = (t_s for t_s, _ in told.confirmed())
    assert first_s < 20
    assert 30 < second_s < 45
    assert len(told.ended()) == 2


def test_a_bag_that_slumps_with_nobody_there_is_one() -> None:
    """A part of it comes to rest beside it."""

    def paint(picture: Picture, t_s: float) -> None:
        deposit()(picture, t_s)
        if t_s >= 30:
            box(picture, 176, 111, 7, 9, 60)

    told = play(paint, until_s=60)
    assert len(told.confirmed()) == 1
    assert told.ended() == []
