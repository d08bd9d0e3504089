"""Exports that prove themselves: what was written is read again and compared.

It happens on the staged files, before any of them takes the place of an older one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fcot_engine.atomic_write import StagedFiles
from fcot_engine.errors import ExportError, TrackFileError
from fcot_engine.formats.exported_boxes import class_of
from fcot_engine.session import Track, TrackBox, TrackStore

__all__ = ["TOLERANCE_PX", "prove", "prove_tracks", "write_proven"]

TOLERANCE_PX = 1e-3
"""How far a box that is read again may lie from the one that was written."""


def prove(name: str, check: Callable[[], str | None]) -> None:
    """Compare what was written with what is read again.

    Args:
        name: how messages call the files.
        check: reads them; returns what differs in words, or None.

    Raises:
        ExportError: they differ, or cannot be read.
    """
    try:
        difference = check()
    except TrackFileError as error:
        difference = str(error)
    if difference is not None:
        raise ExportError(
            f"{name} were written, but read again they differ: {difference} Nothing "
            "was changed. Export again, to another disk if it happens again."
        )


def write_proven(files: StagedFiles, texts: Mapping[Path, str]) -> None:
    """Write small files and make sure that they hold what was written.

    Args:
        files: takes them.
        texts: what to write, by place.

    Raises:
        ExportError: one of them holds something else.
    """
    for path, text in texts.items():
        files.write_text(path, text)

    def check() -> str | None:
        for path, text in texts.items():
            if files.read_back(path) != text:
                return f"{path.name} is not the text that was written."
        return None

    prove("Files", check)


def prove_tracks(
    written: TrackStore,
    read: TrackStore,
    *,
    keeps_lost: bool,
    keeps_marks: bool = True,
) -> str | None:
    """Say in words how tracks differ from those that were written, None if they do not.

    Args:
        written: what was to be written.
        read: what the files say.
        keeps_lost: whether the files have boxes where the target was lost.
        keeps_marks: whether they say more than boxes and classes.
    """
    wanted = {track.track_id: track for track in written if _boxes(track, keeps_lost)}
    found = {track.track_id: track for track in read}
    if sorted(wanted) != sorted(found):
        return f"the ids are {sorted(found)}, not {sorted(wanted)}."
    for track_id, track in wanted.items():
        difference = _compare(track, found[track_id], keeps_lost, keeps_marks)
        if difference is not None:
            return f"track {track_id}: {difference}"
    return None


def _compare(
    written: Track, read: Track, keeps_lost: bool, keeps_marks: bool
) -> str | None:
    if class_of(written) != class_of(read):
        return f"its class is {read.label!r}, not {written.label!r}."
    wanted, found = _boxes(written, keeps_lost), _boxes(read, keeps_lost)
    if list(wanted) != list(found):
        missing = sorted(set(wanted) ^ set(found))
        return f"there is a box in only one of both in frame {missing[0]}."
    for frame, box in wanted.items():
        other = found[frame]
        if not _is_near(box, other):
            return f"frame {frame} has {other.box_xywh}, not {box.box_xywh}."
        if box.is_lost != other.is_lost:
            return f"frame {frame} is lost in only one of both."
        if keeps_marks and box.origin is not other.origin:
            return f"frame {frame} is {other.origin.value}, not {box.origin.value}."
        if keeps_marks and written.info.is_occluded(frame) != read.info.is_occluded(
            frame
        ):
            return f"frame {frame} is occluded in only one of both."
    return None


def _boxes(track: Track, keeps_lost: bool) -> dict[int, TrackBox]:
    return {box.frame_index: box for box in track if keeps_lost or not box.is_lost}


def _is_near(a: TrackBox, b: TrackBox) -> bool:
    return all(
        abs(x - y) <= TOLERANCE_PX for x, y in zip(a.box_xywh, b.box_xywh, strict=True)
    )
