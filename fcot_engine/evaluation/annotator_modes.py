"""What the scripted annotator draws next, what that does, and when it gives up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from fcot_engine.errors import ConfigError

__all__ = [
    "ALL_MODES",
    "ANNOTATOR_MODES",
    "AnnotatorConfig",
    "AnnotatorMode",
    "Rule",
    "choose_modes",
    "find_mode",
]

Rule = Literal["worklist", "in-order", "worst"]
"""Which frame is redrawn next.

- worklist: those the session offers; one that is good is passed over. When it offers
  none, the first bad one in order.
- in-order: the first bad one.
- worst: the one with the lowest IoU, the farthest off among equal ones.
"""


@dataclass(frozen=True)
class AnnotatorMode:
    """What a drawn box does, and which one is drawn next."""

    method: Literal["teach", "restart", "linear"]
    rule: Rule


ANNOTATOR_MODES: Mapping[str, AnnotatorMode] = {
    "worklist": AnnotatorMode("teach", "worklist"),
    "in-order": AnnotatorMode("teach", "in-order"),
    "worst": AnnotatorMode("teach", "worst"),
    "restart": AnnotatorMode("restart", "worklist"),
    "restart-in-order": AnnotatorMode("restart", "in-order"),
    "restart-worst": AnnotatorMode("restart", "worst"),
    "linear": AnnotatorMode("linear", "worst"),
}
"""By the name that `fcot eval --annotate-mode` takes."""

ALL_MODES = ("worklist", "in-order", "restart", "linear")
"""What `all` stands for."""


@dataclass(frozen=True, kw_only=True)
class AnnotatorConfig:
    """What the annotator asks for."""

    min_iou: float = 0.7
    """IoU from which a box is left as it is."""
    max_box_share: float = 1 / 3
    """Boxes for each frame at which the annotator gives up."""

    def __post_init__(self) -> None:
        if not 0.7 <= self.min_iou <= 1:
            raise ConfigError(
                f"min_iou must be from 0.7, which criterion C asks for, to 1; got "
                f"{self.min_iou}."
            )
        if not 0 < self.max_box_share <= 1:
            raise ConfigError(
                "max_box_share must be above 0 and at most 1, got "
                f"{self.max_box_share}."
            )

    def max_boxes(self, n_frames: int) -> int:
        """Boxes at which the annotator gives up."""
        return max(math.ceil(self.max_box_share * n_frames), 2)


def find_mode(name: str) -> AnnotatorMode:
    """Return the mode of a name.

    Raises:
        ConfigError: there is none.
    """
    if name not in ANNOTATOR_MODES:
        known = ", ".join(("all", *ANNOTATOR_MODES))
        raise ConfigError(f"There is no annotator mode {name!r}; choose from {known}.")
    return ANNOTATOR_MODES[name]


def choose_modes(names: Iterable[str]) -> tuple[str, ...]:
    """Return modes by name, each once; `all` stands for `ALL_MODES`.

    Raises:
        ConfigError: there is no such mode.
    """
    chosen: dict[str, None] = {}
    for name in names:
        if name != "all":
            find_mode(name)
        chosen |= dict.fromkeys(ALL_MODES if name == "all" else (name,))
    return tuple(chosen)
