"""The language of rules: their document, its faults with line and remedy, and its one edit; pure."""

from ioc.rules.language.checking import Known
from ioc.rules.language.document import Document, RuleShape
from ioc.rules.language.faults import Fault, RulesFaulty, Severity
from ioc.rules.language.reading import Text, read_rules
from ioc.rules.language.switching import switch

__all__ = [
    "Document",
    "Fault",
    "Known",
    "RuleShape",
    "RulesFaulty",
    "Severity",
    "Text",
    "read_rules",
    "switch",
]
