"""How sure the tracker is of one frame."""

from __future__ import annotations

import enum

__all__ = ["Verdict"]


class Verdict(enum.Enum):
    """How sure the tracker is that it follows the target."""

    GIVEN = "given"
    """A person drew the box of this frame."""
    FOUND = "found"
    """One clear peak."""
    HARD_NEGATIVE = "hard_negative"
    """The target is clear, but something near by looks like it and was learned from."""
    UNCERTAIN = "uncertain"
    """Two peaks of about the same height; the box takes the higher one, and nothing
    is learned."""
    LOST = "lost"
    """No peak is high enough; the box is the last known one."""
