"""A picture of what the network is trained on: samples with their boxes."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import pad

from fcot_engine.geometry import xywh_to_xyxy
from fcot_engine.training.batches import BatchSource, TrainingBatch

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
    from torchvision.transforms.v2.functional import to_pil_image
    from torchvision.utils import make_grid

    batches = [source.make_batch(i, min(8, n - 8 * i)) for i in range(-(-n // 8))]
    strips = torch.stack([strip for batch in batches for strip in _draw_strips(batch)])
    sheet = make_grid(strips, nrow=columns, padding=_GAP_PX, pad_value=255)
    to_pil_image(sheet).save(path)


def _draw_strips(batch: TrainingBatch) -> list[Tensor]:
    """One strip `(3, S, frames * S)` of 0 to 255 for each sequence."""
    from torchvision.utils import draw_bounding_boxes

    batch = batch.to("cpu")
    images = torch.cat([batch.train_images, batch.test_images], 1)
    boxes = torch.cat([batch.train_boxes_xywh, batch.test_boxes_xywh], 1)
    n_train, side = batch.train_images.shape[1], images.shape[-1]
    present = pad(batch.test_present, (n_train, 0), value=True)
    whole = boxes.new_tensor([0, 0, side - 1, side - 1])
    corners = xywh_to_xyxy(boxes).round() - boxes.new_tensor([0, 0, 1, 1])
    corners = torch.where(present[..., None], corners.clamp(0, side - 1), whole)
    strips = []
    for frames, rows, shown in zip(images, corners, present.tolist(), strict=True):
        drawn = []
        for number, frame in enumerate((frames * 255).to(torch.uint8)):
            colour = _TRAIN_COLOUR if number < n_train else _TEST_COLOUR
            colour = colour if shown[number] else _ABSENT_COLOUR
            drawn.append(draw_bounding_boxes(frame, rows[number, None], colors=colour))
        strips.append(torch.cat(drawn, -1))
    return strips
