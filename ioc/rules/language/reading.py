"""Rules text to a checked document, or every fault at once, each with its line; pure."""

from dataclasses import dataclass

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ioc.rules.language.checking import Known, check_rules
from ioc.rules.language.document import Document, RuleShape
from ioc.rules.language.faults import Fault, Found, RulesFaulty, Severity, unknown
from ioc.settings_file import keys_at, line_of, repeated_keys

LONGEST_TEXT = 40_000
"""Characters; what the page sends must fit into one request."""
_DEEPEST = 30
_KEY = ("mục", "key")
_OF_A_RULE = len(("rules", 0, "key"))
_RULE_KEYS = frozenset(info.alias or name for name, info in RuleShape.model_fields.items())

_SENTENCES = {
    "missing": ("Thiếu mục này.", "This key is missing."),
    "bool_type": ("Ghi true hoặc false.", "Write true or false."),
    "bool_parsing": ("Ghi true hoặc false.", "Write true or false."),
    "string_type": ("Phải là chữ.", "Must be text; put it in quotes."),
    "tuple_type": ("Phải là danh sách, ví dụ [a, b].", "Must be a list, such as [a, b]."),
    "too_short": ("Cần thêm mục ở đây.", "More items are needed here."),
    "too_long": ("Có quá nhiều mục ở đây.", "There are too many items here."),
    "string_too_short": ("Không được để trống.", "Must not be empty."),
    "string_pattern_mismatch": (
        "Mã chỉ gồm a-z, 0-9 và -, tối đa 40 ký tự.",
        "An id has only a-z, 0-9 and -, at most 40 characters.",
    ),
    "float_type": ("Phải là số.", "Must be a number."),
    "float_parsing": ("Phải là số.", "Must be a number."),
    "int_type": ("Phải là số nguyên.", "Must be a whole number."),
    "int_parsing": ("Phải là số nguyên.", "Must be a whole number."),
    "int_from_float": ("Phải là số nguyên.", "Must be a whole number."),
    "model_type": ("Ở đây cần các mục con.", "Must hold keys and values."),
    "dict_type": ("Ở đây cần các mục con.", "Must hold keys and values."),
    "finite_number": ("Phải là số hữu hạn.", "Must be a finite number."),
}
_VALUES = {
    "greater_than_equal": ("Nhỏ nhất là {ge:g}.", "The least is {ge:g}."),
    "less_than_equal": ("Lớn nhất là {le:g}.", "The most is {le:g}."),
    "string_too_long": ("Tối đa {max_length} ký tự.", "At most {max_length} characters."),
    "literal_error": ("Phải là một trong: {expected}.", "Must be one of: {expected}."),
    "enum": ("Phải là một trong: {expected}.", "Must be one of: {expected}."),
}


@dataclass(frozen=True, kw_only=True)
class Text:
    """A document that may be used; `warnings` say what it waits for."""

    document: Document
    warnings: tuple[Fault, ...]


def read_rules(text: str, known: Known) -> Text:
    """Return the rules in `text`.

    Args:
        text: YAML.
        known: what there is in the commune, as far as the caller knows it.

    Raises:
        RulesFaulty: all faults at once, by line.
    """
    root = _compose(text)
    twice = [
        _at(
            line,
            f"{key!r} đã có ở trên; xóa một trong hai.",
            f"{key!r} stands here twice; delete one.",
        )
        for line, key in repeated_keys(root)
    ]
    if twice:
        raise RulesFaulty(twice)
    try:
        document = Document.model_validate(_loaded(text))
    except ValidationError as error:
        found = [_found(fault) for fault in error.errors(include_url=False)]
        raise RulesFaulty(_placed(root, found)) from error
    faults = _placed(root, check_rules(document, known))
    if any(fault.severity is Severity.ERROR for fault in faults):
        raise RulesFaulty(faults)
    return Text(document=document, warnings=tuple(faults))


def _compose(text: str) -> yaml.Node:
    if len(text) > LONGEST_TEXT:
        said = f"Tối đa {LONGEST_TEXT} ký tự.", f"At most {LONGEST_TEXT} characters."
        raise RulesFaulty([_at(1, *said)])
    try:
        _refuse_references(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        # Of what was never closed, where it begins helps; the text ends somewhere else.
        unclosed = "end of stream" in (error.problem or "")
        mark = (unclosed and error.context_mark) or error.problem_mark
        line = 1 if mark is None else mark.line + 1
        raise RulesFaulty([_not_yaml(line, error.problem or "")]) from error
    except yaml.YAMLError as error:
        raise RulesFaulty([_not_yaml(1, str(error).splitlines()[0])]) from error
    if not isinstance(root, yaml.MappingNode):
        said = "Phải bắt đầu bằng dòng 'rules:'.", "Must begin with a line 'rules:'."
        raise RulesFaulty([_at(1, *said)])
    return root


def _refuse_references(text: str) -> None:
    """Refuse anchors, which can unfold a small text into a huge document, and endless nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            said = "Ghi đầy đủ, không dùng *tham chiếu.", "Write it out; *references are not taken."
            raise RulesFaulty([_at(line, *said)])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise RulesFaulty([_at(line, "Lồng quá nhiều lớp.", "Nested too deeply.")])


def _loaded(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except (yaml.MarkedYAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = 1 if mark is None else mark.line + 1
        raise RulesFaulty([_not_yaml(line, str(error).splitlines()[0])]) from error


def _not_yaml(line: int, problem: str) -> Fault:
    return _at(
        line,
        f"Không đọc được (YAML): {problem}. Xem lại dấu cách đầu dòng, dấu hai chấm và ngoặc.",
        f"Not YAML: {problem}. Look at the indentation, the colons and the brackets.",
    )


def _at(line: int, vi: str, en: str) -> Fault:
    return Fault(line=line, severity=Severity.ERROR, vi=vi, en=en)


def _placed(root: yaml.Node, found: list[Found]) -> list[Fault]:
    faults = {
        Fault(line=line_of(root, each.place), severity=each.severity, vi=each.vi, en=each.en): None
        for each in found
    }
    return sorted(faults, key=lambda fault: fault.line)


def _too_deep(place: tuple[int | str, ...]) -> Found:
    key, inside = str(place[-1]), str(place[_OF_A_RULE - 1])
    return Found(
        place=place,
        vi=f"{key!r} không nằm trong {inside!r}: ghi thành một dòng riêng, thẳng cột với {inside!r}.",
        en=f"{key!r} does not belong inside {inside!r}: give it a line of its own below it, at the same "
        "indentation.",
    )


def _found(fault: ErrorDetails) -> Found:
    # Of a value that may be of several types, pydantic names each type it is not.
    kind = fault["type"]
    place = tuple(fault["loc"])
    if kind != "extra_forbidden":  # there the last part is a key that somebody wrote
        place = tuple(part for part in place if part not in ("bool", "float", "str"))
    if kind == "extra_forbidden" and len(place) > _OF_A_RULE and place[-1] in _RULE_KEYS:
        return _too_deep(place)
    if kind == "extra_forbidden":
        return unknown(place, str(place[-1]), keys_at(Document, place[:-1]), what=_KEY)
    if kind in _VALUES:
        values = dict(fault.get("ctx", {}))
        if "expected" in values:
            values["expected"] = str(values["expected"]).replace(" or ", ", ")
        vi, en = (form.format(**values) for form in _VALUES[kind])
    else:
        vi, en = _SENTENCES.get(kind, (f"Không dùng được: {fault['msg']}.", f"{fault['msg']}."))
    key = ".".join(str(part) for part in place if not isinstance(part, int)) or "rules"
    return Found(place=place, vi=f"{key}: {vi}", en=f"{key}: {en}")
