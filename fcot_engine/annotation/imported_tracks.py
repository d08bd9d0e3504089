"""Tracks of a file as new targets of a project.

A person stands behind a box only where the file says so; every other box may be changed
by machines. One import is one edit, and one step of undo.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fcot_engine.annotation.boxes import (
    Frames,
    Maker,
    Makers,
    Origin,
    Rows,
    are_human,
    empty_rows,
)
from fcot_engine.annotation.changes import (
    By,
    Change,
    Edit,
    SetBoxes,
    SetNextId,
    SetTarget,
)
from fcot_engine.annotation.targets import (
    AnnotatedTarget,
    Annotations,
    TargetInfo,
    colour_of,
    name_of,
    take_out_frames,
)
from fcot_engine.errors import BoxError, TrackFileError
from fcot_engine.geometry import check_box_in_frame
from fcot_engine.video import FrameSource


@dataclass(frozen=True, kw_only=True, eq=False)  # annotations do not compare
class ReadTracks:
    """Tracks as a file has them, and what it says of the video they belong to."""

    path: Path
    format_name: str
    """Name out of `fcot_engine.formats.READERS`."""
    annotations: Annotations
    """Targets with the ids of the file where those are positive."""
    width: int | None = None
    """Of the frames in pixels, None where the file does not say."""
    height: int | None = None
    n_frames: int | None = None
    """Length of the video, None where the file does not say."""
    notes: tuple[str, ...] = ()
    """What was left out or made up, in words for people."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import has added."""

    target_ids: dict[int, int]
    """New target id by the id in the file."""
    n_boxes: int
    n_human_boxes: int
    """How many of them the file says a person drew."""
    notes: tuple[str, ...] = ()
    """What was left out or made up, in words for people."""


def import_edit(
    annotations: Annotations, read: ReadTracks, source: FrameSource
) -> tuple[Edit, Imported]:
    """Make the edit that adds every track of a file as a new target.

    Ids of the file are kept if all of them are free and were never given; otherwise all
    tracks get new ones.

    Args:
        annotations: what is there now.
        read: the tracks.
        source: the video they are to lie on.

    Returns:
        The edit, and what it adds.

    Raises:
        TrackFileError: the tracks do not fit the video; the message says why.
    """
    notes = _check_fits_video(read, source)
    targets = list(read.annotations)
    ids = _choose_ids([target.target_id for target in targets], annotations.next_id)
    changes: list[Change] = []
    if ids:
        changes.append(SetNextId(annotations.next_id, max(ids.values()) + 1))
    for target in targets:
        target_id = ids[target.target_id]
        info = _fit_info(target, target_id, len(source))
        changes.append(SetTarget(target_id, None, info))
        frames = target.boxes.frames()
        if len(frames):
            rows = _to_rows(target, frames, read, annotations.makers)
            changes.append(SetBoxes(target_id, frames, empty_rows(len(frames)), rows))
    text = f"Targets imported from {read.path.name}: {len(ids)}"
    added = Imported(
        target_ids=ids,
        n_boxes=sum(len(target.boxes) for target in targets),
        n_human_boxes=read.annotations.count_human_boxes(),
        notes=(*read.notes, *notes),
    )
    return Edit("import_tracks", text, By.HUMAN, tuple(changes)), added


def _check_fits_video(read: ReadTracks, source: FrameSource) -> tuple[str, ...]:
    """Make sure that the tracks of a file can lie on a video.

    Returns:
        What is odd about it, in words.

    Raises:
        TrackFileError: the file belongs to a video of another size, or a box lies
            outside the frame or behind the end of the video.
    """
    name = read.path.name
    stated, actual = (read.width, read.height), (source.width, source.height)
    if None not in stated and stated != actual:
        raise TrackFileError(
            f"{name} was made for frames of {stated[0]}x{stated[1]} pixels, but "
            f"{source.name} has {actual[0]}x{actual[1]}. Choose the file of this video."
        )
    problems = list(_problems(read, source))
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise TrackFileError(
            f"{name} does not fit {source.name}: {problems[0]}{more}. Choose the file "
            "of this video, or take those boxes out."
        )
    if read.n_frames is not None and read.n_frames != len(source):
        note = (
            f"{name} was made for {read.n_frames} frames, {source.name} has "
            f"{len(source)}: check that boxes lie on their frames."
        )
        return (note,)
    return ()


def _problems(read: ReadTracks, source: FrameSource) -> Iterator[str]:
    for target in read.annotations:
        for box in target.boxes:
            where = f"track {target.target_id}, frame {box.frame_index}"
            if box.frame_index >= len(source):
                yield f"{where}: the video ends with frame {len(source) - 1}"
                continue
            try:
                check_box_in_frame(
                    box.box_xywh, width=source.width, height=source.height
                )
            except BoxError as error:
                yield f"{where}: {str(error).split('. ')[0]}"


def _choose_ids(file_ids: list[int], next_id: int) -> dict[int, int]:
    if min(file_ids, default=next_id) >= next_id:
        return {file_id: file_id for file_id in file_ids}
    return {file_id: number for number, file_id in enumerate(file_ids, next_id)}


def _fit_info(target: AnnotatedTarget, target_id: int, n_frames: int) -> TargetInfo:
    """Return the description under another id, cut at the end of the video.

    Name and colour that nobody chose go with the id.
    """
    told = target.info
    has_name = told.name != name_of(told.target_id, told.class_name)
    has_colour = told.colour != colour_of(told.target_id)
    is_end_inside = told.end_frame is not None and told.end_frame < n_frames
    behind = max((span.last for span in told.spans), default=0)
    return replace(
        told,
        target_id=target_id,
        name=told.name if has_name else name_of(target_id, told.class_name),
        colour=told.colour if has_colour else colour_of(target_id),
        spans=take_out_frames(told.spans, n_frames, max(behind, n_frames)),
        end_frame=told.end_frame if is_end_inside else None,
    )


def _to_rows(
    target: AnnotatedTarget, frames: Frames, read: ReadTracks, makers: Makers
) -> Rows:
    """Return the boxes with the project's numbers of makers."""
    rows = target.boxes.take(frames)
    numbers = np.unique(rows["maker"])
    known = [makers.number_of(read.annotations.makers[int(n)]) for n in numbers]
    rows["maker"] = np.array(known, np.uint16)[np.searchsorted(numbers, rows["maker"])]
    unsaid = (rows["origin"] == Origin.IMPORTED) & (
        rows["maker"] == makers.number_of(Maker())
    )
    if unsaid.any():
        rows["maker"][unsaid] = makers.number_of(Maker(f"import:{read.path.name}"))
    human = are_human(rows)
    rows["score"][human] = 1.0
    rows["is_lost"][human] = False
    return rows
