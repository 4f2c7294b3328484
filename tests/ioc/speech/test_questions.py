"""What only the author knows is asked, not guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.speech import Dictionary, read_aloud, read_text

TEXTS = st.text() | st.text(st.sampled_from("ABCDĐHKLNQTUVXbcdnhtaeo0123456789/-. &"), max_size=40)


def asked(text: str) -> list[str]:
    return [question.written for question in read_text(text).questions]


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("Mời XMXD họp", ["XMXD"]),
        ("Mời QWKZ và GFDN họp, QWKZ đến trước", ["QWKZ", "GFDN"]),
        ("Công văn 12/KGB-UBND", ["KGB"]),
        ("Cài gTelX", ["gTelX"]),
        ("đkkh tại xã", ["đkkh"]),
        ("KHẨN CẤP: NƯỚC LŨ DÂNG CAO TẠI XÓM NGHIÊNG", []),
        ("UBND, HĐND, MTTQ, ANTT, VNeID, TT văn hóa", []),
        ("Ông Nguyễn Văn A ở khu B", []),
    ],
)
def test_an_unknown_abbreviation_is_asked_about(text, unknown):
    """Each once, in the order of the text; words in capitals and known ones are not."""
    assert asked(text) == unknown


def test_an_unknown_abbreviation_is_spelled_until_somebody_answers():
    """Letter by letter, never guessed; the answer replaces it everywhere."""
    text = "Mời XMXD họp lúc 7h, XMXD mang giấy."
    reading = read_aloud(text)
    assert "ích xì em mờ ích xì dê" in reading.spoken_text
    answered = read_aloud(text, readings={"XMXD": "xóm mới xây dựng"})
    assert answered.questions == ()
    assert answered.spoken_text.count("xóm mới xây dựng") == 2


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("BCH họp tối nay", ("ban chỉ huy", "ban chấp hành")),
        ("Đến TT lúc 7h", ("trung tâm", "thị trấn", "thông tư")),
    ],
)
def test_an_ambiguous_abbreviation_offers_its_meanings(text, choices):
    """The likeliest is said, all are offered."""
    (question,) = read_text(text).questions
    assert (question.why, question.choices, question.read_as) == ("ambiguous", choices, choices[0])


@pytest.mark.parametrize(
    "text", ["BCH Đoàn xã", "BCH PCTT&TKCN", "TT Đình Cả", "Thông tư 39/2020/TT-BTTTT", "TT y tế"]
)
def test_what_stands_beside_it_settles_a_meaning(text):
    """Nobody is asked what the context says."""
    assert asked(text) == []


def test_an_answer_with_figures_is_read_out_too():
    """Digits never survive, wherever they come from."""
    reading = read_aloud("Gọi KHXT ngay", readings={"KHXT": "khu 5"})
    assert "khu năm" in reading.spoken_text


def test_a_day_that_no_calendar_has_is_asked_about():
    """The thirty-first of February is a slip of the hand."""
    (question,) = read_text("Họp ngày 31/2.").questions
    assert (question.written, question.why) == ("31/2", "no_such_day")
    assert asked("Họp ngày 28/2.") == []


def test_the_communes_own_words_settle_questions():
    """A commune's dictionary extends the product's and decides what is ambiguous there."""
    product = Dictionary(words={"UBND": "ủy ban"}, ambiguous={"BCH": ("a", "b")})
    own = Dictionary(words={"BCH": "ban chỉ huy", "NXT": "Nhà xóm Trên"})
    both = product.extended(own)
    reading = read_text("BCH, NXT, UBND", both)
    assert reading.spoken_text == "ban chỉ huy, Nhà xóm Trên, ủy ban"
    assert reading.questions == ()


@given(TEXTS)
def test_any_text_can_be_asked_about(text):
    """Nothing raises; what is asked about is said without figures."""
    for question in read_text(text).questions:
        assert question.written
        assert not any(character.isnumeric() for character in question.read_as)
