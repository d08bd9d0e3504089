"""Tracks of a file as new targets of a project.

A person stands behind a box only where the file says so; every other box may be changed
by machines. One import is one edit, and one step of undo.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from fcot_engine.annotation.annotations import Annotations
from fcot_engine.annotation.box_rows import Box, Maker, Makers, Rows, empty_rows
from fcot_engine.annotation.changes import Change, SetBoxes, SetNextId, SetTarget
from fcot_engine.annotation.edits import By, Edit
from fcot_engine.annotation.exported_tracks import ORIGINS
from fcot_engine.annotation.spans import (
    Span,
    SpanKind,
    Spans,
    add_span,
    take_out_frames,
)
from fcot_engine.annotation.targets import TargetInfo, colour_of
from fcot_engine.errors import BoxError, EditError, TrackFileError
from fcot_engine.formats import TrackFile
from fcot_engine.geometry import check_box_in_frame
from fcot_engine.session import BoxOrigin, Track, TrackBox
from fcot_engine.video import FrameSource

__all__ = ["Imported", "check_fits_video", "import_edit"]

_ORIGINS = {written: origin for origin, written in ORIGINS.items()}


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
    annotations: Annotations, file: TrackFile, source: FrameSource
) -> tuple[Edit, Imported]:
    """Make the edit that adds every track of a file as a new target.

    Ids of the file are kept if all of them are free and were never given; otherwise all
    tracks get new ones.

    Args:
        annotations: what is there now.
        file: the tracks.
        source: the video they are to lie on.

    Returns:
        The edit, and what it adds.

    Raises:
        TrackFileError: the tracks do not fit the video; the message says why.
        EditError: a name, a colour or an attribute cannot be used.
    """
    notes = check_fits_video(file, source)
    ids = _choose_ids([track.track_id for track in file.store], annotations.next_id)
    changes: list[Change] = []
    if ids:
        after = max(ids.values()) + 1
        changes.append(SetNextId(annotations.next_id, after))
    n_boxes = n_human = 0
    for track in file.store:
        target_id = ids[track.track_id]
        changes += _add(annotations.makers, target_id, track, file, len(source))
        n_boxes += len(track)
        n_human += len(track.human_frames())
    text = f"Targets imported from {file.path.name}: {len(ids)}"
    added = Imported(
        target_ids=ids,
        n_boxes=n_boxes,
        n_human_boxes=n_human,
        notes=(*file.notes, *notes),
    )
    return Edit("import_tracks", text, By.HUMAN, tuple(changes)), added


def check_fits_video(file: TrackFile, source: FrameSource) -> tuple[str, ...]:
    """Make sure that the tracks of a file can lie on a video.

    Returns:
        What is odd about it, in words.

    Raises:
        TrackFileError: the file belongs to a video of another size, or a box lies
            outside the frame or behind the end of the video.
    """
    name = file.path.name
    stated, actual = (file.width, file.height), (source.width, source.height)
    if None not in stated and stated != actual:
        raise TrackFileError(
            f"{name} was made for frames of {stated[0]}x{stated[1]} pixels, but "
            f"{source.name} has {actual[0]}x{actual[1]}. Choose the file of this video."
        )
    problems = list(_problems(file, source))
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise TrackFileError(
            f"{name} does not fit {source.name}: {problems[0]}{more}. Choose the file "
            "of this video, or take those boxes out."
        )
    if file.n_frames is not None and file.n_frames != len(source):
        note = (
            f"{name} was made for {file.n_frames} frames, {source.name} has "
            f"{len(source)}: check that boxes lie on their frames."
        )
        return (note,)
    return ()


def _problems(file: TrackFile, source: FrameSource) -> Iterator[str]:
    for track in file.store:
        for box in track:
            place = f"track {track.track_id}, frame {box.frame_index}"
            if box.frame_index >= len(source):
                yield f"{place}: the video ends with frame {len(source) - 1}"
                continue
            try:
                check_box_in_frame(
                    box.box_xywh, width=source.width, height=source.height
                )
            except BoxError as error:
                yield f"{place}: {str(error).split('. ')[0]}"


def _choose_ids(file_ids: list[int], next_id: int) -> dict[int, int]:
    if min(file_ids, default=next_id) >= next_id:
        return {file_id: file_id for file_id in file_ids}
    return {file_id: number for number, file_id in enumerate(file_ids, next_id)}


def _add(
    makers: Makers, target_id: int, track: Track, file: TrackFile, n_frames: int
) -> Iterator[Change]:
    boxes = list(track)
    info = _to_info(target_id, track, n_frames)
    frames = np.array([box.frame_index for box in boxes], np.int64)
    rows = _to_rows(boxes, makers, f"import:{file.path.name}")
    yield SetTarget(target_id, None, info)
    if boxes:
        yield SetBoxes(target_id, frames, empty_rows(len(boxes)), rows)


def _to_info(target_id: int, track: Track, n_frames: int) -> TargetInfo:
    told = track.info
    class_name = " ".join(track.label.split()) or "object"
    basic = TargetInfo(
        target_id,
        name=told.name.strip() or f"{class_name} {target_id}",
        class_name=class_name,
        colour=colour_of(target_id),
        attributes=dict(told.attributes),
        spans=_to_spans(track, n_frames),
        end_frame=_end_frame(track, n_frames),
    )
    try:
        return replace(basic, colour=told.colour) if told.colour else basic
    except EditError:  # a colour in words is no reason to refuse the boxes
        return basic


def _to_spans(track: Track, n_frames: int) -> Spans:
    """Return the marks; where there is a box, the target is in view."""
    spans: Spans = ()
    marks = (
        *((pair, SpanKind.OCCLUDED) for pair in track.info.occluded),
        *((pair, SpanKind.OUT_OF_VIEW) for pair in track.info.out_of_view),
    )
    for (first, last), kind in marks:
        if first < n_frames:
            spans = add_span(spans, Span(first, min(last, n_frames - 1), kind))
    end = _end_frame(track, n_frames)
    if end is not None:
        spans = take_out_frames(spans, end + 1, n_frames)
    hidden = [span for span in spans if span.kind is SpanKind.OUT_OF_VIEW]
    for box in track:
        if any(box.frame_index in span for span in hidden):
            spans = take_out_frames(spans, box.frame_index, box.frame_index)
    return spans


def _end_frame(track: Track, n_frames: int) -> int | None:
    """Return where the target ends, None where a box lies behind that."""
    end = track.info.end_frame
    last = max((box.frame_index for box in track), default=-1)
    if end is None or end < last or end >= n_frames:
        return None
    return end


def _to_rows(boxes: list[TrackBox], makers: Makers, name: str) -> Rows:
    rows = empty_rows(len(boxes))
    for place, box in enumerate(boxes):
        rows[place] = _to_box(box, name).to_rows(makers)[0]
    return rows


def _to_box(box: TrackBox, name: str) -> Box:
    maker = Maker(box.engine, box.weights)
    if maker == Maker() and box.origin is BoxOrigin.IMPORTED:
        maker = Maker(name, "")
    return Box(
        box.frame_index,
        box.box_xywh,
        _ORIGINS[box.origin],
        score=1.0 if box.origin.is_human else box.score,
        is_lost=box.is_lost and not box.origin.is_human,
        maker=maker,
    )
