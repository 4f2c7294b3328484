"""What is written becomes what a person would read out."""

import time
import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ioc.speech import Dictionary, DictionaryUnusable, load_dictionary, normalise
from ioc.speech.reading.numerals import read_whole

GOLDEN = yaml.safe_load(Path(__file__).with_name("golden.yaml").read_text(encoding="utf-8"))
SENTENCES = [(text, said) for group in GOLDEN.values() for text, said in group.items()]
WRITTEN = st.text() | st.text(
    st.sampled_from("0123456789.,/-:hmđ%°'()&+ \nABCDHIKLNQTUVXÔabcnôệ…–²½"), max_size=40
)


@pytest.mark.parametrize(("text", "said"), SENTENCES)
def test_it_is_read_as_a_person_would(text, said):
    """Golden sentences, alone and inside another sentence's punctuation."""
    assert normalise(text).lower() == said.lower()


@given(WRITTEN)
def test_any_text_becomes_words(text):
    """Whatever is written nothing raises, no figure remains, and only letters and stops do."""
    said = normalise(text)
    assert not any(character.isnumeric() for character in said)
    assert all(
        character in " .,;:?!" or unicodedata.category(character)[0] in "LM" for character in said
    )


# What becomes a full stop may turn the letter before it into an abbreviation.
@given(WRITTEN.map(lambda text: text.translate(dict.fromkeys(map(ord, "\n…•"), " "))))
def test_what_was_read_out_reads_the_same(text):
    """Spoken words stay as they are, so an author may correct them and hear just that."""
    said = normalise(text)
    assert normalise(said).lower() == said.lower()


@given(st.integers(0, 10**15 - 1))
def test_every_number_has_its_own_name(number):
    """The words lead back to the number."""
    assert value_of(read_whole(str(number))) == number


def test_composed_and_decomposed_letters_sound_the_same():
    """The form of accents on the author's keyboard does not matter."""
    text = "Đề nghị 5 hộ ở UBND"
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(text)


@pytest.mark.parametrize("unit", ["1.", "a-", "0 ", "a.", "A", "((", "11 ", "x@", "1/2 ", "XIV"])
def test_the_longest_text_is_read_in_no_time(unit):
    """No text, however odd, holds up the control centre: far below a second."""
    text = (unit * 2000)[:2000]
    begun_s = time.perf_counter()
    normalise(text)
    assert time.perf_counter() - begun_s < 5


def test_the_commune_adds_its_own_words(tmp_path):
    """A dictionary file replaces the product's."""
    path = tmp_path / "words.yaml"
    path.write_text("words:\n  XCB: xóm Cao Bản\n", encoding="utf-8")
    assert normalise("Họp tại XCB", load_dictionary(path)) == "Họp tại xóm Cao Bản"
    assert normalise("UBND", Dictionary()) == "u bê en nờ dê"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("words: [a]", "words"),
        ("word:\n  A: b", "word"),
        ("words:\n  A: tầng 5", "tầng 5"),
        ("words:\n  A: ''", "empty"),
        ("words: {", "line"),
    ],
)
def test_a_wrong_dictionary_says_where(tmp_path, content, named):
    """Whoever edited the file reads its name and what is wrong."""
    path = tmp_path / "words.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DictionaryUnusable, match=named) as refusal:
        load_dictionary(path)
    assert "words.yaml" in str(refusal.value)


DIGITS = {
    "không": 0, "một": 1, "mốt": 1, "hai": 2, "ba": 3, "bốn": 4, "tư": 4, "năm": 5, "lăm": 5,
    "sáu": 6, "bảy": 7, "tám": 8, "chín": 9,
}  # fmt: skip


def value_of(words: str) -> int:
    """Understand a number said in Vietnamese, written apart from the code that says it."""
    if " tỷ" in words:
        milliards, _, rest = words.rpartition(" tỷ")
        return value_of(milliards) * 10**9 + (value_of(rest) if rest.strip() else 0)
    total = group = 0
    for word in words.split():
        match word:
            case "triệu" | "nghìn":
                total += group * (10**6 if word == "triệu" else 1000)
                group = 0
            case "trăm":
                group *= 100
            case "mười":
                group += 10
            case "mươi":
                group += group % 10 * 9
            case "linh":
                pass
            case _:
                group += DIGITS[word]
    return total + group
