"""One target's box as it is shown, as a shape or painted."""

from __future__ import annotations

from dataclasses import dataclass

from fcot_engine.geometry import BoxXywh

__all__ = ["ShownBox"]


@dataclass(frozen=True)
class ShownBox:
    """How one target's box is shown."""

    target_id: int
    box_xywh: BoxXywh
    colour: str
    """`#rrggbb`."""
    is_selected: bool = False
    """Thicker."""
    is_lost: bool = False
    """Paler, and dashed where it is painted."""
