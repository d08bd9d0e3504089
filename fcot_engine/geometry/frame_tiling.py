"""Patches that cover a whole frame."""

from __future__ import annotations

import math

from fcot_engine.geometry.patch_frame import PatchFrame

__all__ = ["tile_frame"]

_STEP = 0.5  # of the patch's side: whatever is up to half as large lies whole in one


def tile_frame(patch: PatchFrame, image_wh: tuple[int, int]) -> list[PatchFrame]:
    """Return a grid of patches of the same scale and size that covers the frame.

    Neighbours overlap by half of their side.

    Args:
        patch: one of them; its place does not matter.
        image_wh: width and height of the frame in pixels.

    Returns:
        Patches row by row, at least one; those at the rim are centred a quarter of a
        side inside the frame.
    """
    side = patch.size_px * patch.scale
    columns, rows = (_spread(length, side) for length in image_wh)
    return [
        PatchFrame((x, y), patch.scale, patch.size_px) for y in rows for x in columns
    ]


def _spread(length: float, side: float) -> list[float]:
    """Centres along one axis, evenly from one rim to the other."""
    free = length - side / 2
    if free <= 0:
        return [length / 2]
    count = math.ceil(free / (_STEP * side)) + 1
    return [side / 4 + free * index / (count - 1) for index in range(count)]
