"""How an object lies in a patch: the mapping tile to patch, and back.

The *tile* of an object is its box, with coordinates from -1 to 1 on both axes; it may
be looked up beyond that. The mapping bends the tile smoothly, tilts it (perspective),
flips and scales it, turns it and puts it at its centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Pose"]

_INVERSE_STEPS = 4  # the bend is a contraction of at most about 0.25


@dataclass(frozen=True, eq=False)
class Pose:
    """Where objects lie in their patches; all leading dimensions `(*)` agree.

    Attributes:
        center_px: centre in the patch, `(*, 2)`, pixels.
        half_px: half width and height before turning, `(*, 2)`, pixels; a negative
            width mirrors.
        angle: turn, `(*)`, radians.
        tilt: perspective, `(*, 2)`; 0 is none, 0.2 a lot.
        bend: amplitudes of the smooth bend, `(*, 2)`, tile units.
        bend_phase: phases of the smooth bend, `(*, 2)`, radians.
    """

    center_px: Tensor
    half_px: Tensor
    angle: Tensor
    tilt: Tensor
    bend: Tensor
    bend_phase: Tensor

    @classmethod
    def rigid(cls, center_px: Tensor, half_px: Tensor, angle: Tensor) -> Pose:
        """A pose without perspective and bend."""
        none = torch.zeros_like(center_px)
        return cls(center_px, half_px, angle, none, none, none)

    def parts(self) -> tuple[Tensor, ...]:
        """All members, in the order of the constructor."""
        return (
            self.center_px,
            self.half_px,
            self.angle,
            self.tilt,
            self.bend,
            self.bend_phase,
        )

    def __getitem__(self, index: Tensor) -> Pose:
        """The poses at `index` of the first dimension."""
        return Pose(*(part[index] for part in self.parts()))

    def to_tile(self, points_px: Tensor) -> Tensor:
        """Map patch points `(*, N, 2)` or `(N, 2)` to tile points `(*, N, 2)`."""
        offset = points_px - self.center_px[..., None, :]
        turned = _turn(offset, -self.angle)
        flat = turned / self.half_px[..., None, :]
        depth = 1 - (flat * self.tilt[..., None, :]).sum(-1, keepdim=True)
        upright = flat / depth.clamp(min=0.2)
        return upright + self._bend_at(upright)

    def to_patch(self, points_tile: Tensor) -> Tensor:
        """Map tile points `(*, N, 2)` or `(N, 2)` to patch points `(*, N, 2)`."""
        upright = points_tile.expand(*self.angle.shape, *points_tile.shape[-2:])
        for _ in range(_INVERSE_STEPS):
            upright = points_tile - self._bend_at(upright)
        depth = 1 + (upright * self.tilt[..., None, :]).sum(-1, keepdim=True)
        flat = upright / depth.clamp(min=0.2)
        turned = _turn(flat * self.half_px[..., None, :], self.angle)
        return turned + self.center_px[..., None, :]

    def _bend_at(self, points: Tensor) -> Tensor:
        # x is pushed by a wave along y and the other way round
        wave = torch.sin(points.flip(-1) * 2.0 + self.bend_phase[..., None, :])
        return wave * self.bend[..., None, :]


def _turn(points: Tensor, angle: Tensor) -> Tensor:
    cos, sin = angle.cos()[..., None], angle.sin()[..., None]
    x, y = points.unbind(-1)
    return torch.stack([cos * x - sin * y, sin * x + cos * y], -1)
