"""Alpha masks of pasted objects, drawn in tile coordinates."""

from __future__ import annotations

import torch
from torch import Tensor

from fcot_engine.training.dice import Dice

__all__ = ["MASK_CELLS", "TILE_REACH", "draw_shapes", "tile_points"]

MASK_CELLS = 64
"""Side of a mask, in cells: about one cell for a pixel of a usual target."""
TILE_REACH = 1.15
"""A mask covers tile coordinates from -TILE_REACH to TILE_REACH."""


def tile_points(cells: int, device: torch.device) -> Tensor:
    """Tile coordinates of the cells of a mask, `(cells, cells, 2)`."""
    steps = (torch.arange(cells, device=device) + 0.5) / cells
    axis = (steps * 2 - 1) * TILE_REACH
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x, y], -1)


def draw_shapes(n: int, dice: Dice) -> Tensor:
    """Draw `n` random soft shapes that fill their box: `(n, 1, 64, 64)` in [0, 1].

    A shape is a superellipse, from an ellipse to nearly the whole box, whose radius
    waves along the outline.
    """
    points = tile_points(MASK_CELLS, dice.device)[None]  # (1, C, C, 2)
    x, y = points.unbind(-1)
    power = dice.log_uniform(1.8, 10.0, n)[:, None, None]
    radius = ((x.abs() ** power) + (y.abs() ** power)).clamp(min=1e-9) ** (1 / power)
    outline = torch.atan2(y, x)
    wavy = dice.chance(0.6, n).float()[:, None, None]
    limit = torch.ones_like(radius)
    for order in (2, 3, 5):
        amplitude = dice.normal(0.22 / order, n)[:, None, None]
        phase = dice.uniform(0.0, 6.283, n)[:, None, None]
        limit = limit + wavy * amplitude * (torch.cos(order * outline + phase) - 1) / 2
    limit = limit.clamp(0.45, 1.05)
    feather = dice.log_uniform(0.03, 0.12, n)[:, None, None]
    return ((limit - radius) / feather + 0.5).clamp(0, 1)[:, None]
