"""One target in one frame, and a range of frames, in words."""

from __future__ import annotations

from napari_fcot.timeline.target_row import FrameSpan, Mark, TargetRow
from napari_fcot.timeline.timeline_model import StopMark

__all__ = ["describe_frame", "describe_range"]


def describe_frame(
    frame_index: int, row: TargetRow | None, stops: tuple[StopMark, ...] = ()
) -> str:
    """Say what is known of a target in a frame, such as for a tooltip.

    Example:
        >>> describe_frame(7, TargetRow(1, 20, "cup"))
        'Frame 7 · target 1 · cup: no box'
    """
    text = f"Frame {frame_index}"
    if row is not None:
        text += (
            f" · target {row.track_id} · {row.label}: {_describe_box(row, frame_index)}"
        )
    track_id = None if row is None else row.track_id
    for stop in stops:
        if stop.frame_index == frame_index and stop.track_id in (None, track_id):
            text += f" · worth a look{f' ({stop.text})' if stop.text else ''}"
    return text


def describe_range(frames: FrameSpan) -> str:
    """Say which frames are selected, and how many.

    Example:
        >>> describe_range((20, 29))
        'Frames 20 to 29 selected (10)'
    """
    first, last = frames
    return f"Frames {first} to {last} selected ({last - first + 1})"


def _describe_box(row: TargetRow, frame_index: int) -> str:
    mark = row.mark_at(frame_index)
    if mark & Mark.CORRECTED:
        return "corrected by you"
    if mark & Mark.HUMAN:
        return "drawn by you"
    if mark & Mark.LOST:
        return f"lost, score {row.scores[frame_index]:.2f}"
    if mark & Mark.MACHINE:
        return f"tracked, score {row.scores[frame_index]:.2f}"
    return "no box"
