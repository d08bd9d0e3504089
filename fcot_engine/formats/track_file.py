"""A file of tracks as it was read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from fcot_engine.errors import TrackFileError
from fcot_engine.session import TrackStore

__all__ = ["LineFields", "TrackFile", "check_sides", "read_text"]


@dataclass(frozen=True, kw_only=True, eq=False)  # stores do not compare
class TrackFile:
    """Tracks, and what the file says of the video they belong to."""

    path: Path
    format_name: str
    """Name out of `fcot_engine.formats.READERS`."""
    store: TrackStore
    """Tracks with the ids of the file where those are positive."""
    width: int | None = None
    """Of the frames in pixels, None where the file does not say."""
    height: int | None = None
    n_frames: int | None = None
    """Length of the video, None where the file does not say."""
    notes: tuple[str, ...] = ()
    """What was left out or made up, in words for people."""


class LineFields:
    """The fields of one line of a text file, read with messages that name them.

    Args:
        file_name: for messages.
        line: number of the line, from 1.
        fields: the texts.
    """

    def __init__(self, file_name: str, line: int, fields: list[str]) -> None:
        self._file_name = file_name
        self._line = line
        self._fields = fields

    def __len__(self) -> int:
        return len(self._fields)

    def number(self, place: int, name: str) -> float:
        """Return a finite number.

        Raises:
            TrackFileError: the field is missing or something else.
        """
        if place >= len(self._fields):
            raise self.error(name, "is missing")
        text = self._fields[place].strip()
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(name, f"must be a number, got {text!r}")
        return value

    def whole(self, place: int, name: str) -> int:
        """Return a whole number, `3.0` among them.

        Raises:
            TrackFileError: the field is missing or something else.
        """
        value = self.number(place, name)
        if value != int(value):
            raise self.error(name, f"must be a whole number, got {value:g}")
        return int(value)

    def error(self, name: str, problem: str) -> TrackFileError:
        """Make an error about a field."""
        return TrackFileError(
            f"{self._file_name}, line {self._line}: `{name}` {problem}. Mend the line "
            "or take it out.",
            line=self._line,
        )


def check_sides(
    width: float, height: float, *, place: str, line: int | None = None
) -> None:
    """Make sure that a box has an area.

    Raises:
        TrackFileError: a side is not above 0, or not finite; the message names it.
    """
    for name, side in (("width", width), ("height", height)):
        if not (math.isfinite(side) and side > 0):
            raise TrackFileError(
                f"{place}: the {name} of the box must be above 0, got {side:g}. Mend "
                "the box or take it out.",
                line=line,
            )


def read_text(path: Path) -> str:
    """Return a text file.

    Raises:
        TrackFileError: it cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TrackFileError(
            f"{path} cannot be read: {error.strerror or error}. Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise TrackFileError(
            f"{path} is no text file in UTF-8 ({error.reason} at byte {error.start}). "
            "Choose another file."
        ) from error
