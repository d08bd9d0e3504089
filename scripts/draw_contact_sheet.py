"""Draw the contact sheet of docs/training.md from photos inside scikit-image.

Run as `python scripts/draw_contact_sheet.py docs/images/contact_sheet.jpg`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fcot_engine.config import FactoryConfig
from fcot_engine.training import PhotoPool, SampleFactory, make_contact_sheet

LONG_SIDE_PX = 352

BOXES: dict[str, list[tuple[float, float, float, float]]] = {
    "astronaut.png": [
        (153, 12, 150, 176),
        (358, 0, 98, 270),
        (277, 345, 230, 167),
        (134, 350, 74, 75),
    ],
    "chelsea.png": [(134, 84, 70, 62), (231, 220, 62, 48)],
    "coffee.png": [(77, 17, 403, 372), (170, 16, 240, 220), (323, 243, 78, 85)],
    "camera.png": [(150, 63, 122, 95), (258, 132, 72, 60)],
    "coins.png": [
        (308, 14, 58, 58),
        (314, 155, 68, 66),
        (18, 231, 58, 58),
        (143, 232, 58, 57),
        (244, 95, 54, 50),
        (132, 28, 48, 47),
    ],
    "motorcycle_left.png": [
        (121, 68, 566, 382),
        (507, 288, 178, 165),
        (120, 233, 164, 166),
    ],
    "rocket.jpg": [],
    "brick.png": [],
    "grass.png": [],
    "gravel.png": [],
    "hubble_deep_field.jpg": [],
}
"""Objects in the photos: x, y, width, height in pixels of the original."""


def read_pool() -> PhotoPool:
    """Read the photos, their longer sides shrunk to 352 pixels."""
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    photos, boxes = [], []
    for name, rows in BOXES.items():
        photo, scale = read_photo(folder / name)
        photos.append(photo)
        boxes.append([[scale * value for value in row] for row in rows])
    return PhotoPool.from_arrays(photos, boxes)


def read_photo(path: Path) -> tuple[Tensor, float]:
    """Read one photo as uint8 `(3, H, W)`, and how much it was shrunk."""
    from PIL import Image

    with Image.open(path) as image:
        scale = LONG_SIDE_PX / max(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        array = np.array(image.convert("RGB").resize(size))
    return torch.from_numpy(array).permute(2, 0, 1).contiguous(), scale


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    factory = SampleFactory(read_pool(), FactoryConfig(patch_size=128), seed=4)
    make_contact_sheet(target, factory, n=64, columns=4)
