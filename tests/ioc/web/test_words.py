"""The words, the palette and the plain accessibility of every page."""

import re
import unicodedata
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

from contracts.events import CameraClaim, CameraCondition, Edge
from ioc.alarms import AlarmKind, Cause, FalseReason
from ioc.web.words import LANGUAGES, Words, load_words, stress

WEB = Path(__file__).parents[3] / "ioc" / "web"
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def sources(pattern: str) -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(WEB.rglob(pattern)))


def test_every_word_has_both_languages_with_the_same_gaps_in_composed_form():
    """A missing translation or a lost {name} would show on somebody's screen."""
    for key, texts in load_words().items():
        assert set(texts) == set(LANGUAGES), key
        gaps = [set(PLACEHOLDER.findall(text)) - {"hamlet", "Hamlet"} for text in texts.values()]
        assert gaps[0] == gaps[1], key
        assert all(text == unicodedata.normalize("NFC", text) for text in texts.values()), key


def test_every_word_that_a_template_a_module_or_a_script_asks_for_exists():
    """Asking for another would fail only when somebody opens that page."""
    known = load_words()
    asked = re.findall(r"\bt(?:\.stressed|\.isolated)?\('([a-z_.]+)'[,)]", sources("*.html"))
    asked += re.findall(r"\bwords(?:\.stressed|\.isolated)?\(\s*\"([a-z_.]+)\"", sources("*.py"))
    asked += [f"live.{key}" for key in re.findall(r"\bsay\('([a-z_]+)'", sources("*.js"))]
    codes = r"Refused\(\"([a-z_]+)\"|error_answer\(\s*\"([a-z_]+)\""
    asked += [f"error.{a or b}" for a, b in re.findall(codes, sources("*.py"))]
    assert len(asked) > 100
    assert [key for key in asked if key not in known] == []


def test_everything_the_wire_can_name_has_a_word():
    """A kind, condition or claim without one would show as its code."""
    known = load_words()
    named = [f"kind.{kind}" for kind in AlarmKind]
    named += [
        f"{group}.{c}" for c in CameraCondition for group in ("condition", "condition_advice")
    ]
    named += [f"claim.{claim}" for claim in CameraClaim]
    named += [f"false.{reason}" for reason in get_args(FalseReason)]
    named += [f"path.{way}_{side}" for way in ("from", "to") for side in get_args(Edge)]
    named += [f"cause.{cause}" for cause in Cause]
    assert [key for key in named if key not in known] == []


def test_no_word_spells_the_hamlet_or_shouts():
    """What a hamlet is called is the commune's setting; capitals only are hard to read."""
    for key, texts in load_words().items():
        assert "xóm" not in texts["vi"].lower(), key
        shouted = re.findall(r"\b[A-ZĐ]{4,}\b", texts["vi"])
        assert shouted in ([], ["CHƯA"]), key


def test_the_hamlets_own_word_is_filled_in():
    """A commune of bản has trưởng bản."""
    assert Words("vi", hamlet_word="bản")("role.hamlet_head") == "Trưởng bản"
    assert Words("en", hamlet_word="bản")("role.hamlet_head") == "Hamlet head"


def test_stressed_words_are_bold_and_everything_else_is_escaped():
    """A loudspeaker's name is no markup."""
    words = Words("vi", hamlet_word="xóm")
    said = words.stressed("verdict.some", done=2, all=3, names="<i>Loa</i>")
    assert said == "2/3. &lt;i&gt;Loa&lt;/i&gt; <strong>không phát</strong>"
    assert stress("a < b") == "a &lt; b"


PALETTE = {
    "light": {
        "ground": "#E4E6E8", "panel": "#F3F4F5", "field": "#FFFFFF", "text": "#1E2429",
        "muted": "#4A545C", "border": "#6B757D", "action": "#0B4F9E", "on-action": "#FFFFFF",
        "selected": "#DCE8F7", "critical": "#B3001B", "high": "#A34700", "medium": "#6B5500",
        "low": "#5B3FA0", "done": "#2F5D45", "drill": "#0E6B72",
    },
    "dark": {
        "ground": "#1B1F23", "panel": "#252A2F", "field": "#2E343A", "text": "#E8EBED",
        "muted": "#B4BCC3", "border": "#87919A", "action": "#8FC1FF", "on-action": "#1B1F23",
        "selected": "#23384F", "critical": "#FF8A8A", "high": "#FFB061", "medium": "#F2D34F",
        "low": "#C9B2FF", "done": "#9CCDB1", "drill": "#7FD6DB",
    },
}  # fmt: skip
GROUNDS = ("ground", "panel", "field", "selected")
TEXTS = ("text", "muted", "action", "critical", "high", "medium", "low", "done")


def tokens(theme: str) -> dict[str, str]:
    light, _, dark = (WEB / "static/tokens.css").read_text().partition("prefers-color-scheme: dark")
    return dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6})", light if theme == "light" else dark))


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_palette_is_the_agreed_one_and_can_be_read(theme):
    """Text at least 4.5:1 on every ground of its theme, borders of controls at least 3:1."""
    colours = tokens(theme)
    assert {name: colours[name] for name in PALETTE[theme]} == PALETTE[theme]
    for ground in GROUNDS:
        for text in TEXTS:
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for ground in ("ground", "panel", "field"):
        assert contrast(colours["border"], colours[ground]) >= 3.0, ground
    assert contrast(colours["on-action"], colours["action"]) >= 4.5


def test_colours_are_named_once():
    """Outside the palette only the badges, the picture's box and the reading view have their own."""
    allowed = {
        "#B3001B",
        "#FFFFFF",
        "#FFA33A",
        "#1E2429",
        "#FFE066",
        "#D9CCF5",
        "#2E1A66",
        "#000000",
    }
    for name in ("console.css", "phone.css", "login.css"):
        used = set(
            re.findall(r"#[0-9A-Fa-f]{3,6}\b(?=[;, )])", (WEB / "static" / name).read_text())
        )
        assert used <= allowed, name


class Outline(HTMLParser):
    """What a page consists of, as far as a screen reader depends on it."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.ids: Counter[str] = Counter()
        self.labelled: set[str] = set()
        self.fields: list[tuple[str, bool]] = []
        self.language = ""
        self._in: list[str] = []
        self._button: str | None = None

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        self._note(tag, values)
        if tag == "label":
            self.labelled.add(values.get("for", ""))
        if tag in ("input", "textarea", "select") and values.get("type") != "hidden":
            named = "label" in self._in or "aria-label" in values
            self.fields.append((values.get("id", ""), named))
        if tag == "button":
            self._button = values.get("aria-label", "")
        if tag not in ("img", "input", "meta", "link", "br", "rect"):
            self._in.append(tag)

    def _note(self, tag, values):
        if "id" in values:
            self.ids[values["id"]] += 1
        if "style" in values or any(name.startswith("on") for name in values):
            self.faults.append(f"{tag} has inline style or script")
        if tag == "html":
            self.language = values.get("lang", "")
        if tag == "img" and "alt" not in values:
            self.faults.append("img without alt")

    def handle_data(self, data):
        if self._button is not None:
            self._button += data.strip()

    def handle_endtag(self, tag):
        if tag == "button":
            hidden_until_told = self._button == ""
            if hidden_until_told and self.ids.get("waiting", 0) != 1:
                self.faults.append("button without words")
            self._button = None
        if tag in self._in:
            while self._in.pop() != tag:
                pass

    def verdict(self) -> list[str]:
        twice = [f"id {name} twice" for name, count in self.ids.items() if count > 1]
        bare = [
            f"{name or 'a field'} without label"
            for name, named in self.fields
            if not named and name not in self.labelled
        ]
        return self.faults + twice + bare


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_every_page_can_be_read_without_seeing_it(site, language):
    """Language named, fields labelled, pictures described, buttons in words, ids unique."""
    alarm_id, pictures = await site.village.ban_chuong.see_littering()
    await site.village.ban_chuong.upload(pictures)
    pages = {
        "truc": [f"/?canh-bao={alarm_id}", "/thiet-bi", f"/manh/nhac-qua-loa/{alarm_id}"],
        "quantri": ["/truc-ban", "/giao-ca", "/so-truc", "/so-truc/in"],
        "truongxom": ["/loa"],
    }
    for login, paths in pages.items():
        async with site.sign_in(login) as browser:
            for path in paths:
                joint = "&" if "?" in path else "?"
                outline = Outline()
                outline.feed((await browser.get(f"{path}{joint}lang={language}")).text)
                assert outline.verdict() == [], path
                assert outline.language in (language, ""), path
