"""How boxes are carried: what a person may choose, and what a run tells meanwhile."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from fcot_engine.annotation.boxes import Box
from fcot_engine.errors import ConfigError
from fcot_engine.tracker import ScoreMaps


class Direction(enum.Enum):
    """Which way to go from a frame."""

    FORWARD = "forward"
    BACKWARD = "backward"
    BOTH = "both"


class Until(enum.Enum):
    """How far to go, where it is not up to a certain frame."""

    END = "end"
    """To the end of the video, past boxes that a person drew."""
    NEXT_HUMAN = "next_human"
    """To the next box that a person drew, else to the end."""
    LOST = "lost"
    """To the end, or until the target is not seen for a while; those frames get no
    boxes."""


class Overwrite(enum.Enum):
    """What may be replaced. Boxes that a person drew never are."""

    MACHINE = "machine"
    """Boxes that a machine put there."""
    NOTHING = "nothing"
    """Nothing: only frames without a box are filled."""


@dataclass(frozen=True, kw_only=True)
class PropagationConfig:
    """Settings of a propagation."""

    fuse: bool = True
    """Between two boxes go both ways and fuse the two runs, which takes twice the time;
    otherwise one run is written as it is."""
    stop_at_cuts: bool = True
    """End a run where a new shot begins."""
    lost_patience: int = 10
    """Frames in a row without the target that end a run `Until.LOST`."""
    rejoin_frames: int | None = None
    """After a correction, end a run once it has agreed for so many frames in a row with
    the boxes that were there, and keep the rest of them. None goes all the way, so that
    far frames profit from the correction too."""
    rejoin_iou: float = 0.8
    """IoU from which boxes agree."""
    write_every_s: float = 1.0
    """How often boxes of a run are written down while it goes on: what a crash may cost
    of a run that is not finished."""

    def __post_init__(self) -> None:
        if self.lost_patience < 1:
            raise ConfigError(
                f"lost_patience must be 1 or more, got {self.lost_patience}."
            )
        if self.rejoin_frames is not None and self.rejoin_frames < 1:
            raise ConfigError(
                f"rejoin_frames must be None, 1 or more, got {self.rejoin_frames}."
            )
        if not 0 < self.rejoin_iou <= 1:
            raise ConfigError(
                f"rejoin_iou must be above 0 and at most 1, got {self.rejoin_iou}."
            )
        if self.write_every_s < 0:
            raise ConfigError(
                f"write_every_s must be 0 or more, got {self.write_every_s}."
            )


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
