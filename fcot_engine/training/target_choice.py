"""Which photo and which box a sequence is made from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fcot_engine.errors import TrainingError
from fcot_engine.training.dice import Dice
from fcot_engine.training.photo_pool import PhotoPool

__all__ = ["Choice", "TargetChoice"]

_MIN_SIDE_PX = 9.0
_MIN_SIZE_PX = 16.0
_MAX_RATIO = 7.0
_MAX_SPAN = 0.85  # of the photo: a target in context needs context


@dataclass(frozen=True, eq=False)
class Choice:
    """What the sequences of a batch are made from.

    Attributes:
        photo: the target's photo, `(B,)`.
        box_xywh: the target in that photo, `(B, 4)`, photo pixels.
        other_xywh: another object of that photo, or the target again where there
            is none, `(B, 4)`.
        other_photo: a second photo, for backgrounds and occluders, `(B,)`.
    """

    photo: Tensor
    box_xywh: Tensor
    other_xywh: Tensor
    other_photo: Tensor


class TargetChoice:
    """Draws targets: photos evenly, within a photo larger boxes more often.

    For plain pairs boxes with more of their photo around them come more often.

    Args:
        pool: photos with boxes.

    Raises:
        TrainingError: no box is large enough to be a target.
    """

    def __init__(self, pool: PhotoPool) -> None:
        self._pool = pool
        w, h = pool.boxes_xywh[:, 2], pool.boxes_xywh[:, 3]
        size = (w * h).clamp(min=1e-6).sqrt()
        ratio = torch.maximum(w, h) / torch.minimum(w, h).clamp(min=1e-6)
        usable = (torch.minimum(w, h) >= _MIN_SIDE_PX) & (size >= _MIN_SIZE_PX)
        usable &= ratio <= _MAX_RATIO
        photo_wh = pool.sizes_wh[pool.photo_of_box]
        span = torch.maximum(w / photo_wh[:, 0], h / photo_wh[:, 1])
        # sharpness is worth more than number: a 16 px box shown at 64 px is a blur
        weight = usable * (size.clamp(max=64.0) / 64) ** 1.5
        self._pasted = self._cumulate(weight)
        context = (1 - span) * (span <= _MAX_SPAN) * pool.has_real_boxes
        self._plain = self._cumulate(weight * context)
        if self._pasted[-1] <= 0:
            raise TrainingError(
                f"None of the {len(w)} boxes can be a target: expected sides of at "
                f"least {_MIN_SIDE_PX:g} px and a ratio of at most {_MAX_RATIO:g}. "
                "Give larger photos or other boxes."
            )

    @property
    def has_plain(self) -> bool:
        """Whether any box has enough of its photo around it for a plain pair."""
        return bool(self._plain[-1] > 0)

    def draw(self, plain: Tensor, dice: Dice) -> Choice:
        """Draw targets for plain pairs and for pasted sequences, `(B,)` booleans."""
        pool, n = self._pool, plain.shape[0]
        plain = plain.cpu()
        box = torch.where(plain, dice.pick(self._plain, n), dice.pick(self._pasted, n))
        photo = pool.photo_of_box[box]
        other = pool.first_box[photo] + _below(dice, pool.n_boxes[photo])
        other_xywh = pool.boxes_xywh[other]
        tiny = other_xywh[:, 2:].amin(-1) < _MIN_SIDE_PX
        other_xywh = torch.where(tiny[:, None], pool.boxes_xywh[box], other_xywh)
        return Choice(
            photo,
            pool.boxes_xywh[box],
            other_xywh,
            _below(dice, torch.full((n,), len(pool))),
        )

    def _cumulate(self, weight: Tensor) -> Tensor:
        photo = self._pool.photo_of_box
        total = torch.zeros(len(self._pool)).index_add_(0, photo, weight)
        even = weight / total[photo].clamp(min=1e-9)
        return even.double().cumsum(0)


def _below(dice: Dice, limits: Tensor) -> Tensor:
    return dice.below(limits).cpu()
