"""The square patch of an image that the network sees, and patches of a whole frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from fcot_engine.errors import BoxError, check_last_dim
from fcot_engine.geometry.boxes import BoxXywh

_STEP = 0.5  # of the patch's side: whatever is up to half as large lies whole in one


@dataclass(frozen=True)
class PatchFrame:
    """A square patch cut out of an image, without turning it.

    Patch coordinates follow the convention of `geometry.boxes`, with the patch's own
    top left corner as origin.
    """

    center_xy: tuple[float, float]
    """Centre of the patch in image pixels."""
    scale: float
    """Image pixels per patch pixel."""
    size_px: int
    """Side of the patch in patch pixels."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise BoxError(f"A patch needs a scale above 0, got {self.scale}.")

    @classmethod
    def around(
        cls, box_xywh: BoxXywh, *, size_px: int, area_scale: float
    ) -> PatchFrame:
        """Return the search patch of a target.

        The side of the patch covers `area_scale` times the square root of the target's
        area, so a target always has about the same size in the patch.
        """
        x, y, w, h = box_xywh
        side = math.sqrt(w * h) * area_scale
        return cls((x + w / 2, y + h / 2), side / size_px, size_px)

    @property
    def origin_xy(self) -> tuple[float, float]:
        """Top left corner of the patch in image pixels."""
        half = self.size_px * self.scale / 2
        return self.center_xy[0] - half, self.center_xy[1] - half

    def to_patch(self, points_xy: Tensor) -> Tensor:
        """Map points, shape `(*, 2)`, from image to patch pixels."""
        check_last_dim(points_xy, 2, name="points_xy")
        return (points_xy - points_xy.new_tensor(self.origin_xy)) / self.scale

    def to_image(self, points_xy: Tensor) -> Tensor:
        """Map points, shape `(*, 2)`, from patch to image pixels."""
        check_last_dim(points_xy, 2, name="points_xy")
        return points_xy * self.scale + points_xy.new_tensor(self.origin_xy)

    def box_to_patch(self, box_xywh: BoxXywh) -> Tensor:
        """Map one image box to patch pixels, shape `(4,)`, xywh, float32."""
        box = torch.tensor(box_xywh, dtype=torch.float64)
        corner = self.to_patch(box[:2])
        return torch.cat([corner, box[2:] / self.scale]).float()

    def box_to_image(self, box_xywh: Tensor) -> BoxXywh:
        """Map one patch box, shape `(4,)`, xywh, to image pixels."""
        check_last_dim(box_xywh, 4, name="box_xywh")
        box = box_xywh.double().cpu()
        x, y = self.to_image(box[:2]).tolist()
        w, h = (box[2:] * self.scale).tolist()
        return x, y, w, h


def tile_frame(patch: PatchFrame, image_wh: tuple[int, int]) -> list[PatchFrame]:
    """Return a grid of patches of the same scale and size that covers the frame.

    Neighbours overlap by half of their side.

    Args:
        patch: one of them; its position does not matter.
        image_wh: width and height of the frame in pixels.

    Returns:
        Patches row by row, at least one; those at the border are centred a quarter of a
        side inside the frame.
    """
    side = patch.size_px * patch.scale
    columns, rows = (_spread(length, side) for length in image_wh)
    return [
        PatchFrame((x, y), patch.scale, patch.size_px) for y in rows for x in columns
    ]


def _spread(length: float, side: float) -> list[float]:
    """Centres along one axis, evenly from one end to the other."""
    free = length - side / 2
    if free <= 0:
        return [length / 2]
    count = math.ceil(free / (_STEP * side)) + 1
    return [side / 4 + free * index / (count - 1) for index in range(count)]
