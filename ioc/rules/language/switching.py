"""Turning one rule on or off in the text itself, so that comments and order stay; pure."""

import yaml


def switch(text: str, rule_id: str, *, enabled: bool) -> str | None:
    """Return `text` with that rule on or off; None: it has no such rule.

    Args:
        text: a document that `read_rules` has taken.
        rule_id: of the rule.
        enabled: how it shall be.
    """
    rule = _rule(yaml.compose(text, Loader=yaml.SafeLoader), rule_id)
    if rule is None:
        return None
    word = "true" if enabled else "false"
    keys = {key.value: (key, value) for key, value in rule.value}
    if "enabled" in keys:
        _, value = keys["enabled"]
        return text[: value.start_mark.index] + word + text[value.end_mark.index :]
    key, value = keys["id"]
    end = value.end_mark.index
    between = ", " if rule.flow_style else "\n" + " " * key.start_mark.column
    return f"{text[:end]}{between}enabled: {word}{text[end:]}"


def _rule(root: yaml.Node | None, rule_id: str) -> yaml.MappingNode | None:
    for key, rules in getattr(root, "value", ()):
        if key.value == "rules":
            for rule in rules.value:
                if any(k.value == "id" and v.value == rule_id for k, v in rule.value):
                    return rule if isinstance(rule, yaml.MappingNode) else None
    return None
