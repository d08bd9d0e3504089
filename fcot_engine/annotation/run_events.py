"""What a run tells while it goes on."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from fcot_engine.annotation.boxes import Box
from fcot_engine.tracker import ScoreMaps

__all__ = ["FrameDone", "Fused", "Note", "NoteKind", "RunEvent", "Stage"]


@dataclass(frozen=True)
class Stage:
    """What the run does next, in words for a status line."""

    text: str


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class FrameDone:
    """One frame was looked at, for one or more targets."""

    frame_index: int
    boxes: Mapping[int, Box]
    """Boxes that were written, by target id. A second run between two boxes writes
    nothing until it is fused."""
    score_maps: Mapping[int, ScoreMaps]
    """By target id, where the tracker gives them."""


@dataclass(frozen=True)
class Fused:
    """The boxes between two anchors were written anew out of both runs."""

    target_id: int
    first: int
    last: int


class NoteKind(enum.Enum):
    """Why a run ended before its last frame."""

    SHOT_CUT = "shot_cut"
    LOST = "lost"
    OUT_OF_VIEW = "out_of_view"
    REJOINED = "rejoined"
    TARGET_CHANGED = "target_changed"


@dataclass(frozen=True)
class Note:
    """A run of one target ended early."""

    kind: NoteKind
    target_id: int
    frame_index: int
    text: str


RunEvent = Stage | FrameDone | Fused | Note
