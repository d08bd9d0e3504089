"""How the command line names training data: `kind:folder=weight`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fcot_engine.errors import ConfigError
from fcot_engine.training.published_sets import READERS

__all__ = ["DataOption", "parse_data", "parse_photos"]

PHOTOS = "photos"
"""Kind of data that sequences are composed from."""


@dataclass(frozen=True, kw_only=True)
class DataOption:
    """One part of the training data."""

    kind: str
    """`photos`, or a name in `READERS`."""
    folder: Path
    """Where it lies."""
    weight: float = 1.0
    """How often it is drawn, beside the others."""


def parse_photos(text: str) -> DataOption:
    """Read `FOLDER` or `FOLDER=WEIGHT`.

    Raises:
        ConfigError: the weight is not above 0.

    Example:
        >>> parse_photos("photos=2").weight
        2.0
    """
    folder, weight = _split_weight(text)
    return DataOption(kind=PHOTOS, folder=Path(folder), weight=weight)


def parse_data(text: str) -> DataOption:
    """Read `KIND:FOLDER` or `KIND:FOLDER=WEIGHT`.

    Raises:
        ConfigError: the kind is unknown, or the weight not above 0.

    Example:
        >>> parse_data("lasot:sets/lasot=0.5").kind
        'lasot'
    """
    kind, colon, rest = text.partition(":")
    if not colon or kind not in READERS or not rest:
        raise ConfigError(
            f"--data must be KIND:FOLDER or KIND:FOLDER=WEIGHT with a kind of "
            f"{', '.join(READERS)}; got {text!r}."
        )
    folder, weight = _split_weight(rest)
    return DataOption(kind=kind, folder=Path(folder), weight=weight)


def _split_weight(text: str) -> tuple[str, float]:
    folder, equals, number = text.rpartition("=")
    try:
        weight = float(number) if equals else 1.0
    except ValueError:  # the = belongs to the folder's name
        return text, 1.0
    if not equals:
        folder = text
    if not 0 < weight < float("inf"):
        raise ConfigError(f"A weight must be a number above 0, got {number!r}.")
    return folder, weight
