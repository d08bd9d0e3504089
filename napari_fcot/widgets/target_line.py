"""What one line of the table of targets says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fcot_engine.annotation import AnnotatedTarget, AttributeValue

__all__ = ["TargetLineData"]


@dataclass(frozen=True, kw_only=True)
class TargetLineData:
    """One target, as plain data."""

    target_id: int
    name: str
    class_name: str
    colour: str
    """`#rrggbb`."""
    n_drawn: int = 0
    """Boxes that a person drew."""
    n_boxes: int = 0
    """All boxes, those included."""
    is_visible: bool = True
    is_locked: bool = False
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)

    @classmethod
    def of_target(
        cls,
        target: AnnotatedTarget,
        *,
        is_visible: bool = True,
        is_locked: bool = False,
    ) -> TargetLineData:
        """Take what the table shows out of a target of a session."""
        info = target.info
        return cls(
            target_id=info.target_id,
            name=info.name,
            class_name=info.class_name,
            colour=info.colour,
            n_drawn=len(target.boxes.human_frames()),
            n_boxes=len(target.boxes),
            is_visible=is_visible,
            is_locked=is_locked,
            attributes=info.attributes,
        )

    @property
    def counts(self) -> str:
        """Drawn boxes and all boxes, such as `3 / 120`."""
        return f"{self.n_drawn} / {self.n_boxes}"

    @property
    def counts_in_words(self) -> str:
        """The same as a sentence, for a tooltip."""
        plural = "box" if self.n_drawn == 1 else "boxes"
        return f"{self.n_drawn} {plural} drawn by you, {self.n_boxes} in all"
