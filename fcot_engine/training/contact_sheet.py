"""A picture of what the network is trained on: samples with their boxes."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor

from fcot_engine.training.batches import BatchSource, TrainingBatch

__all__ = ["make_contact_sheet"]

_GAP_PX = 4
_TRAIN_COLOUR = (0, 255, 0)
_TEST_COLOUR = (255, 160, 0)
_ABSENT_COLOUR = (255, 0, 0)


def make_contact_sheet(
    path: Path, source: BatchSource, *, n: int = 64, columns: int = 4
) -> None:
    """Draw sequences as rows of frames: train boxes green, test boxes orange.

    A test frame without its target has a red border.

    Args:
        path: the PNG or JPEG file to write.
        source: where the samples come from.
        n: number of sequences.
        columns: sequences beside each other.
    """
    from PIL import Image

    batches = [source.make_batch(i, min(8, n - 8 * i)) for i in range(-(-n // 8))]
    strips = [strip for batch in batches for strip in _draw_strips(batch)]
    height, width = strips[0].shape[1] + _GAP_PX, strips[0].shape[2] + 2 * _GAP_PX
    sheet = torch.full((3, math.ceil(n / columns) * height, columns * width), 255)
    for index, strip in enumerate(strips):
        top, left = index // columns * height, index % columns * width
        sheet[:, top : top + strip.shape[1], left : left + strip.shape[2]] = strip
    array = sheet.to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    Image.fromarray(array).save(path)


def _draw_strips(batch: TrainingBatch) -> list[Tensor]:
    """One strip `(3, S, frames * S)` of 0 to 255 for each sequence."""
    images = torch.cat([batch.train_images, batch.test_images], 1).cpu() * 255
    boxes = torch.cat([batch.train_boxes_xywh, batch.test_boxes_xywh], 1).cpu()
    n_train = batch.train_images.shape[1]
    present = torch.nn.functional.pad(batch.test_present.cpu(), (n_train, 0), value=1)
    side = float(images.shape[-1])
    strips = []
    for frames, row, shown in zip(images, boxes, present.tolist(), strict=True):
        for number, (frame, box) in enumerate(zip(frames, row, strict=True)):
            if not shown[number]:
                _draw_box_(frame, [0.0, 0.0, side, side], _ABSENT_COLOUR)
                continue
            colour = _TRAIN_COLOUR if number < n_train else _TEST_COLOUR
            _draw_box_(frame, box.tolist(), colour)
        strips.append(torch.cat(list(frames), -1))
    return strips


def _draw_box_(image: Tensor, box: list[float], colour: tuple[int, int, int]) -> None:
    """Outline a box: the line lies on the outermost pixels inside it."""
    side = image.shape[-1]
    x0, y0 = (min(max(round(v), 0), side - 1) for v in box[:2])
    x1 = min(max(round(box[0] + box[2]) - 1, 0), side - 1)
    y1 = min(max(round(box[1] + box[3]) - 1, 0), side - 1)
    paint = torch.tensor(colour, dtype=image.dtype)[:, None]
    image[:, y0, x0 : x1 + 1] = paint
    image[:, y1, x0 : x1 + 1] = paint
    image[:, y0 : y1 + 1, x0] = paint
    image[:, y0 : y1 + 1, x1] = paint
