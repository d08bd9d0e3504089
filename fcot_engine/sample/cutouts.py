"""Objects cut from the photographs that come inside scikit-image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from fcot_engine.errors import FcotError
from fcot_engine.sample.motion import smooth_closed

__all__ = ["CutOut", "cut_coffee", "cut_post", "load_photo"]

MARGIN_PX = 3
"""Empty border around a cut-out, so that its soft edge is not cut."""
SUPERSAMPLING = 4
SHADOW_STRENGTH = 0.4
COFFEE_CORNERS_XY = [
    (180, 70), (186, 55), (200, 40), (220, 28), (250, 20), (285, 17.5), (320, 20),
    (355, 32), (380, 46), (396, 63), (403, 68), (412, 66), (421, 70), (424, 78),
    (420, 95), (418, 104), (430, 113), (450, 138), (466, 165), (476, 195),
    (479.5, 225), (476, 255), (466, 285), (450, 310), (430, 332), (405, 351),
    (375, 368), (345, 380), (310, 387), (280, 388.5), (250, 386), (220, 379),
    (190, 367), (160, 350), (130, 325), (105, 293), (88, 258), (79, 225),
    (77.5, 200), (80, 180), (89, 155), (102, 131), (121, 108), (144, 88), (165, 77),
]  # fmt: skip
"""The saucer, the cup and the spoon's handle in the coffee photograph (600 x 400)."""


@dataclass(frozen=True, eq=False)  # tensors do not compare to one bool
class CutOut:
    """A part of a photograph with a soft mask."""

    rgba: Tensor
    """Colours times mask, and the mask, in [0, 1]; float32, shape (4, h, w)."""
    anchor_xy: tuple[float, float]
    """The point that a pose places, in pixels of `rgba`."""
    outline_xy: NDArray[np.float64]
    """Outline of the mask around the anchor, in pixels of `rgba`, shape (n, 2)."""

    def tinted(self, gains_rgb: tuple[float, float, float]) -> CutOut:
        """Return it in slightly other colours."""
        gains = self.rgba.new_tensor([*gains_rgb, 1.0])[:, None, None]
        limit = self.rgba[3:].expand_as(self.rgba)  # colours stay below the mask
        return CutOut(
            torch.minimum(self.rgba * gains, limit), self.anchor_xy, self.outline_xy
        )

    def shadow(self) -> CutOut:
        """Return its soft shadow: black, blurred, half transparent."""
        mask = self.rgba[3:][None]
        for _ in range(3):  # three box filters are nearly a Gaussian
            mask = F.avg_pool2d(mask, 9, stride=1, padding=4)
        black = torch.zeros_like(self.rgba[:3])
        rgba = torch.cat([black, SHADOW_STRENGTH * mask[0]])
        return CutOut(rgba, self.anchor_xy, self.outline_xy)


def load_photo(name: str) -> Tensor:
    """Read a photograph out of the installed scikit-image.

    Args:
        name: a function of `skimage.data` whose file comes inside the wheel.

    Returns:
        float32 in [0, 1], shape (3, height, width).

    Raises:
        FcotError: scikit-image is not installed.
    """
    try:
        from skimage import data
    except ImportError as error:
        raise FcotError(
            "The sample video is composed from photographs inside scikit-image, which "
            "is not installed. Install it: pip install scikit-image."
        ) from error
    photo = getattr(data, name)()
    photo = np.asarray(photo[0] if isinstance(photo, tuple) else photo)
    if photo.ndim == 2:
        photo = np.repeat(photo[..., None], 3, axis=-1)
    return torch.from_numpy(photo.copy()).permute(2, 0, 1).float() / 255


def cut_coffee(width_px: int = 180) -> CutOut:
    """Cut the cup of coffee with its saucer and spoon, `width_px` wide."""
    outline = smooth_closed(COFFEE_CORNERS_XY)
    return _cut(load_photo("coffee"), outline, width_px / np.ptp(outline[:, 0]))


def cut_post(width_px: int, height_px: int) -> CutOut:
    """Make a round post of bricks, darker at its sides."""
    brick = F.avg_pool2d(load_photo("brick"), 3)  # (3, 170, 170)
    tiles = -(-height_px // brick.shape[1])
    wall = brick.repeat(1, tiles, 1)[:, :height_px, :width_px]
    across = torch.linspace(-1, 1, width_px)
    shade = (1 - 0.75 * across.abs() ** 3) * (1 - 0.15 * across)
    colour = wall.new_tensor([0.95, 0.75, 0.62])[:, None, None]
    rgb = (wall * colour * shade).clamp(0, 1)
    rgba = F.pad(torch.cat([rgb, torch.ones_like(rgb[:1])]), (MARGIN_PX,) * 4)
    x, y = width_px / 2, height_px / 2
    outline = np.array([(-x, -y), (x, -y), (x, y), (-x, y)])
    return CutOut(rgba, (x + MARGIN_PX, y + MARGIN_PX), outline)


def _cut(photo: Tensor, outline_xy: NDArray[np.float64], scale: float) -> CutOut:
    """Cut along an outline, given in the photo's pixels, and resize by `scale`."""
    height, width = photo.shape[-2:]
    mask = _fill(outline_xy, width=width, height=height)
    size = (round(height * scale), round(width * scale))
    small = F.interpolate(
        torch.cat([photo * mask, mask])[None],
        size=size,
        mode="bilinear",
        antialias=True,
    )[0]
    ratio = np.array([size[1] / width, size[0] / height])
    outline = outline_xy * ratio
    first = np.floor(outline.min(0)).astype(int) - MARGIN_PX
    last = np.ceil(outline.max(0)).astype(int) + MARGIN_PX
    left, top = (int(v) for v in np.maximum(first, 0))
    right, bottom = (int(v) for v in last)
    center = (outline.min(0) + outline.max(0)) / 2
    anchor = (float(center[0] - left), float(center[1] - top))
    return CutOut(small[:, top:bottom, left:right], anchor, outline - center)


def _fill(outline_xy: NDArray[np.float64], *, width: int, height: int) -> Tensor:
    """Fill an outline with 1, its edge pixels in part; shape (1, height, width)."""
    from PIL import Image, ImageDraw

    fine = SUPERSAMPLING
    canvas = Image.new("L", (width * fine, height * fine))
    corners = [tuple(corner) for corner in (outline_xy * fine - 0.5).tolist()]
    ImageDraw.Draw(canvas).polygon(corners, fill=1)
    filled = torch.from_numpy(np.asarray(canvas).copy()).float()
    return F.avg_pool2d(filled[None], fine)
