"""What is known of a track apart from its boxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["FrameRange", "FrameRanges", "TrackInfo", "is_inside", "to_ranges"]

FrameRange = tuple[int, int]
"""First and last frame of a stretch, both included, 0-based."""
FrameRanges = tuple[FrameRange, ...]
"""Stretches in the order of their frames."""


@dataclass(frozen=True, kw_only=True)
class TrackInfo:
    """Name, looks and whereabouts of one target, for export and import."""

    name: str = ""
    """What people call it; empty if nobody gave it a name."""
    colour: str = ""
    """`#rrggbb`, or empty."""
    attributes: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """Whatever else a person said about it."""
    occluded: FrameRanges = ()
    """Where something hides it; a box says where it must be."""
    out_of_view: FrameRanges = ()
    """Where it is not in the picture."""
    end_frame: int | None = None
    """The last frame in which it exists, None if nobody has said so."""

    def is_occluded(self, frame_index: int) -> bool:
        """Whether something hides the target in a frame."""
        return is_inside(self.occluded, frame_index)

    def is_out_of_view(self, frame_index: int) -> bool:
        """Whether a person said that the target is not in the picture."""
        return is_inside(self.out_of_view, frame_index)

    def has_ended(self, frame_index: int) -> bool:
        """Whether a person said that the target is gone for good."""
        return self.end_frame is not None and frame_index > self.end_frame


def is_inside(ranges: FrameRanges, frame_index: int) -> bool:
    """Tell whether a frame lies in one of some stretches."""
    return any(first <= frame_index <= last for first, last in ranges)


def to_ranges(frames: Iterable[int]) -> FrameRanges:
    """Join frames to stretches, whatever their order.

    Example:
        >>> to_ranges([5, 3, 4, 9])
        ((3, 5), (9, 9))
    """
    joined: list[FrameRange] = []
    for frame in sorted(set(frames)):
        if joined and joined[-1][1] == frame - 1:
            joined[-1] = (joined[-1][0], frame)
        else:
            joined.append((frame, frame))
    return tuple(joined)
