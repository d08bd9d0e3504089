"""One target in one frame, and a range of frames, in words."""

from __future__ import annotations

from napari_fcot.timeline.marks import Mark
from napari_fcot.timeline.target_row import FrameSpan, TargetRow
from napari_fcot.timeline.timeline_model import StopMark

__all__ = ["describe_frame", "describe_range"]


def describe_frame(
    frame_index: int, row: TargetRow | None, stops: tuple[StopMark, ...] = ()
) -> str:
    """Say what is known of a target in a frame, such as for a tooltip.

    Example:
        >>> from napari_fcot.timeline.target_line import TargetLine
        >>> describe_frame(7, TargetRow(TargetLine(1, "cup"), 20))
        'Frame 7 · cup: no box'
    """
    text = f"Frame {frame_index}"
    if row is not None:
        text += f" · {row.name}: {_describe_row(row, frame_index)}"
    track_id = None if row is None else row.track_id
    for stop in stops:
        if stop.frame_index == frame_index and stop.track_id in (None, track_id):
            text += f" · worth a look{f' ({stop.text})' if stop.text else ''}"
    return text


def describe_range(frames: FrameSpan, name: str = "") -> str:
    """Say which frames are selected, how many, and of which target.

    Example:
        >>> describe_range((20, 29), "cup")
        'Frames 20 to 29 of cup selected (10)'
    """
    first, last = frames
    whose = f" of {name}" if name else ""
    return f"Frames {first} to {last}{whose} selected ({last - first + 1})"


def _describe_row(row: TargetRow, frame_index: int) -> str:
    mark = row.mark_at(frame_index)
    said = [word for kind, word in _SAID.items() if mark & kind]
    box = _describe_box(mark, float(row.scores[frame_index]))
    is_away = mark & (Mark.OUT_OF_VIEW | Mark.ENDED)
    return " · ".join(said if is_away and box == _NO_BOX else [box, *said])


_NO_BOX = "no box"
_SAID = {
    Mark.OCCLUDED: "occluded",
    Mark.OUT_OF_VIEW: "out of view",
    Mark.ENDED: "behind its end",
}


def _describe_box(mark: Mark, score: float) -> str:
    if mark & Mark.CORRECTED:
        return "corrected by you"
    if mark & Mark.HUMAN:
        return "drawn by you"
    if mark & Mark.LOST:
        return f"lost, score {score:.2f}"
    if mark & Mark.IMPORTED:
        return f"imported, score {score:.2f}"
    if mark & Mark.MACHINE:
        return f"tracked, score {score:.2f}"
    return "interpolated" if mark & Mark.INTERPOLATED else _NO_BOX
