"""The list of classes: which there are, in which order, in which colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fcot_engine.annotation import PALETTE

N_DIGITS = 9
"""Classes that a digit key gives: 1 to 9."""


@dataclass(frozen=True)
class ClassEntry:
    """One class of the list."""

    name: str
    colour: str
    """`#rrggbb`."""
    number: int
    """Its place in the list, from 1; the digit key that gives it, up to 9."""


def list_classes(chosen: Iterable[str], used: Iterable[str]) -> list[ClassEntry]:
    """Return the classes of the list: those a person chose, then others in use.

    Args:
        chosen: in this order.
        used: classes of the targets there are.

    Example:
        >>> [(one.number, one.name) for one in list_classes(["car"], ["bird", "car"])]
        [(1, 'car'), (2, 'bird')]
    """
    names = list(dict.fromkeys([*chosen, *used]))
    return [
        ClassEntry(name, PALETTE[place % len(PALETTE)], place + 1)
        for place, name in enumerate(names)
    ]


def read_class_names(text: str) -> list[str]:
    """Read names that are separated by commas.

    Example:
        >>> read_class_names("car, traffic light,,car")
        ['car', 'traffic light']
    """
    names = (" ".join(part.split()) for part in text.split(","))
    return list(dict.fromkeys(filter(None, names)))


def write_class_names(names: Sequence[str]) -> str:
    """Write names so that they are read again as they are.

    Example:
        >>> write_class_names(["car", "bird"])
        'car, bird'
    """
    return ", ".join(names)
