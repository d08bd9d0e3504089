"""What our CVAT files say beyond the format, as attributes that CVAT keeps."""

from __future__ import annotations

__all__ = [
    "ENDED",
    "GAP",
    "LOST",
    "NAME",
    "OUT_OF_VIEW",
    "OWN_KEYS",
    "SCORE",
    "SOURCE",
    "SOURCES",
]

SOURCE = "fcot_source"
"""Where a box came from; of a box that is `outside`, why."""
SCORE = "fcot_score"
"""The tracker's confidence."""
NAME = "fcot_name"
"""What people call the target."""
OWN_KEYS = (SOURCE, SCORE, NAME)

LOST = "lost"
"""The tracker did not see the target; the box is its last known place."""
OUT_OF_VIEW = "out_of_view"
"""A person said so."""
ENDED = "ended"
"""A person said that the target is gone for good."""
GAP = "gap"
"""Nobody has said anything about these frames."""

SOURCES = (
    *("human", "corrected", "tracked", "interpolated", "imported"),
    *(LOST, OUT_OF_VIEW, ENDED, GAP),
)
