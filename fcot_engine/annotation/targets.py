"""What is known of a target apart from its boxes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fcot_engine.annotation.rejections import Rejections
from fcot_engine.annotation.spans import Spans
from fcot_engine.errors import EditError

__all__ = ["PALETTE", "AttributeValue", "TargetInfo", "colour_of"]

AttributeValue = str | int | float | bool

PALETTE = (
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#f0e442",
    "#0072b2",
    "#d55e00",
    "#cc79a7",
)
"""Okabe and Ito's colours: told apart with any common kind of colour blindness."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class TargetInfo:
    """One target, without its boxes."""

    target_id: int
    """Positive, unique within a project and never given twice."""
    name: str
    """What people call it."""
    class_name: str = "object"
    """Its kind, for exports."""
    colour: str = PALETTE[0]
    """`#rrggbb`."""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    """Whatever else a person wants to say about it."""
    spans: Spans = ()
    """Where it is out of view or occluded."""
    end_frame: int | None = None
    """The last frame in which it exists, or None if nobody has said so."""
    rejections: Rejections = ()
    """Places that are not it; each in a frame whose box a person drew."""

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.class_name.strip():
            raise EditError(
                f"Target {self.target_id} needs a name and a class that are not empty, "
                f"got {self.name!r} and {self.class_name!r}."
            )
        if not _COLOUR.fullmatch(self.colour):
            raise EditError(
                f"A colour must be written as #rrggbb, got {self.colour!r}; "
                f"{PALETTE[0]} is one."
            )
        for key, value in self.attributes.items():
            is_known = isinstance(value, AttributeValue)
            # NaN is not equal to itself, so no edit could ever be taken back
            if not is_known or (isinstance(value, float) and not math.isfinite(value)):
                raise EditError(
                    "An attribute must be a text, a finite number or yes/no under a "
                    f"text name, got {key!r}: {value!r}."
                )


def colour_of(target_id: int) -> str:
    """Return the colour that a target gets if nobody chooses one."""
    return PALETTE[(target_id - 1) % len(PALETTE)]
