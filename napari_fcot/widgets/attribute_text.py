"""Attributes of a target as text that people write."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from fcot_engine.annotation import AttributeValue
from fcot_engine.errors import EditError

__all__ = ["read_attributes", "read_value", "write_value"]

_BOOLS = {"yes": True, "true": True, "no": False, "false": False}


def read_value(text: str) -> AttributeValue:
    """Read yes/no, a number, or else a text.

    Example:
        >>> read_value("yes"), read_value("12"), read_value("0.5"), read_value("red")
        (True, 12, 0.5, 'red')
    """
    text = text.strip()
    if text.lower() in _BOOLS:
        return _BOOLS[text.lower()]
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def write_value(value: AttributeValue) -> str:
    """Write a value as people write it.

    Example:
        >>> write_value(True), write_value(0.5), write_value("red")
        ('yes', '0.5', 'red')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def read_attributes(
    rows: Iterable[tuple[str, str]], before: Mapping[str, AttributeValue]
) -> dict[str, AttributeValue]:
    """Read what was written into a table of names and values.

    Args:
        rows: name and value of each row; rows without either are left out.
        before: what the table was made of. A value whose text is still the same keeps
            its type: the text "12" does not become a number.

    Raises:
        EditError: a name is missing or there twice.
    """
    found: dict[str, AttributeValue] = {}
    for key, text in ((key.strip(), text.strip()) for key, text in rows):
        if not key and not text:
            continue
        if not key:
            raise EditError(f"The value {text!r} needs a name.")
        if key in found:
            raise EditError(f"There are two attributes called {key!r}.")
        is_same = key in before and write_value(before[key]).strip() == text
        found[key] = before[key] if is_same else read_value(text)
    return found
