"""What all writers share: the targets of an export, who made their boxes, and proof.

An export proves itself: what was written is read again and compared, on the staged
files, before any of them takes the place of an older one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fcot_engine.annotation import (
    AnnotatedTarget,
    Annotations,
    Box,
    Maker,
    SpanKind,
)
from fcot_engine.atomic_write import StagedFiles
from fcot_engine.errors import ExportError, TrackFileError
from fcot_engine.video import FrameSource

TOLERANCE_PX = 1e-3
"""How far a box that is read again may lie from the one that was written."""

_LONGEST_NAME = 80

Row = tuple[Box, AnnotatedTarget]


# --- what is exported ------------------------------------------------------------


def list_targets(
    annotations: Annotations, source: FrameSource
) -> list[AnnotatedTarget]:
    """Return the targets that have boxes, by id.

    Raises:
        ExportError: there are none, or a box lies behind the end of the video.
    """
    targets = [target for target in annotations if len(target.boxes)]
    if not targets:
        raise ExportError("There are no boxes to export. Draw or track one first.")
    for target in targets:
        last = int(target.boxes.frames()[-1])
        if last >= len(source):
            raise ExportError(
                f"Target {target.target_id} has a box in frame {last}, but "
                f"{source.name} has only {len(source)} frames. Export the targets with "
                "the video they were made on."
            )
    return targets


def rows_by_frame(targets: Sequence[AnnotatedTarget]) -> list[Row]:
    """Return all boxes with their targets, by frame and then by target id."""
    rows = [(box, target) for target in targets for box in target.boxes]
    return sorted(rows, key=lambda row: (row[0].frame_index, row[1].target_id))


def class_names(targets: Sequence[AnnotatedTarget]) -> list[str]:
    """Class names in the order of first use."""
    return list(dict.fromkeys(class_name_of(target) for target in targets))


def class_numbers(targets: Sequence[AnnotatedTarget]) -> dict[int, int]:
    """Return the number of each target's class, 1 for the first name, by target id."""
    names = class_names(targets)
    return {
        target.target_id: names.index(class_name_of(target)) + 1 for target in targets
    }


def class_name_of(target: AnnotatedTarget) -> str:
    """Return a target's class in one line of characters that every format can write."""
    words = " ".join(target.info.class_name.split())
    return "".join(c for c in words if c.isprintable()).strip() or "object"


def safe_name(name: str) -> str:
    """Turn a name into one that works as a file name and in an ini file anywhere.

    Example:
        >>> safe_name("Möwe 3 (Kopie)"), safe_name("../..")
        ('Mowe_3_Kopie', 'video')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    joined = re.sub(r"[^A-Za-z0-9._-]+", "_", plain)
    return joined[:_LONGEST_NAME].strip("._-") or "video"


# --- JSON beside the boxes -------------------------------------------------------


def list_makers(targets: Sequence[AnnotatedTarget]) -> list[Maker]:
    """Return who made the boxes, in the order of first use."""
    return list(
        dict.fromkeys(maker for target in targets for maker in target.boxes.makers())
    )


def describe_maker(maker: Maker) -> str:
    """Write a maker as a few words in one line."""
    words = " ".join((maker.engine, maker.preset, maker.weights)).split()
    return "".join(c for c in " ".join(words) if c.isprintable())


def encode_makers(makers: Sequence[Maker]) -> list[dict[str, Any]]:
    """Write makers with numbers from 1, for `encode_box` to refer to."""
    return [{"id": number, **asdict(m)} for number, m in enumerate(makers, 1)]


def encode_box(box: Box, makers: Sequence[Maker]) -> dict[str, Any]:
    """Write where a box came from."""
    written = {"source": box.origin.word, "score": round(float(box.score), 4)}
    if box.maker != Maker():
        written["maker"] = makers.index(box.maker) + 1
    return written


def encode_info(target: AnnotatedTarget, *, first_frame: int = 0) -> dict[str, Any]:
    """Write name, colour, attributes and marks of a target.

    Args:
        target: whose.
        first_frame: how the file counts its first frame.
    """
    info = target.info
    spans = {
        kind: [
            [span.first + first_frame, span.last + first_frame]
            for span in info.spans
            if span.kind is kind
        ]
        for kind in SpanKind
    }
    return {
        "name": info.name,
        "colour": info.colour,
        "attributes": dict(info.attributes),
        "occluded": spans[SpanKind.OCCLUDED],
        "out_of_view": spans[SpanKind.OUT_OF_VIEW],
        "end_frame": None if info.end_frame is None else info.end_frame + first_frame,
    }


# --- proof -----------------------------------------------------------------------


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
        texts: what to write, by path.

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
    written: Sequence[AnnotatedTarget], read: Annotations, *, keeps_lost: bool
) -> str | None:
    """Say in words how targets differ from those that were written, None if not.

    Args:
        written: what was to be written.
        read: what the files say.
        keeps_lost: whether the files have boxes where the target was lost.
    """
    wanted = {
        target.target_id: target for target in written if _boxes(target, keeps_lost)
    }
    found = {target.target_id: target for target in read}
    if sorted(wanted) != sorted(found):
        return f"the ids are {sorted(found)}, not {sorted(wanted)}."
    for target_id, target in wanted.items():
        difference = _compare(target, found[target_id], keeps_lost)
        if difference is not None:
            return f"target {target_id}: {difference}"
    return None


def _compare(
    written: AnnotatedTarget, read: AnnotatedTarget, keeps_lost: bool
) -> str | None:
    if class_name_of(written) != class_name_of(read):
        return (
            f"its class is {read.info.class_name!r}, not {written.info.class_name!r}."
        )
    wanted, found = _boxes(written, keeps_lost), _boxes(read, keeps_lost)
    if list(wanted) != list(found):
        missing = sorted(set(wanted) ^ set(found))
        return f"there is a box in only one of both in frame {missing[0]}."
    for frame, box in wanted.items():
        other = found[frame]
        if not are_near(box.box_xywh, other.box_xywh):
            return f"frame {frame} has {other.box_xywh}, not {box.box_xywh}."
        if box.is_lost != other.is_lost:
            return f"frame {frame} is lost in only one of both."
        if box.origin is not other.origin:
            return f"frame {frame} is {other.origin.word}, not {box.origin.word}."
        if box.maker != other.maker:
            return f"frame {frame} was made by {other.maker}, not {box.maker}."
        if written.is_occluded(frame) != read.is_occluded(frame):
            return f"frame {frame} is occluded in only one of both."
    return None


def _boxes(target: AnnotatedTarget, keeps_lost: bool) -> dict[int, Box]:
    return {
        box.frame_index: box for box in target.boxes if keeps_lost or not box.is_lost
    }


def are_near(one: Sequence[float], two: Sequence[float]) -> bool:
    """Whether all numbers of two boxes are within the tolerance."""
    return all(abs(a - b) <= TOLERANCE_PX for a, b in zip(one, two, strict=True))
