"""What the timeline is told of a target apart from its boxes."""

from __future__ import annotations

from dataclasses import dataclass

from fcot_engine.annotation import PALETTE, Spans

__all__ = ["TargetLine"]


@dataclass(frozen=True)
class TargetLine:
    """One target as its row names it.

    Example:
        >>> TargetLine(1, "cup", end_frame=40).name
        'cup'
    """

    track_id: int
    """The id of the target."""
    name: str
    """What people call it."""
    colour: str = PALETTE[0]
    """`#rrggbb`."""
    spans: Spans = ()
    """Where it is out of view or occluded."""
    end_frame: int | None = None
    """The last frame in which it exists, or None if nobody has said so."""
    is_hidden: bool = False
    """Its boxes are not shown on the video; its row is paler."""
