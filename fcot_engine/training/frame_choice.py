"""Which frames of a video make a training sequence."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from fcot_engine.training.annotated_video import AnnotatedVideo
from fcot_engine.training.dice import Dice

__all__ = ["MAX_GAP", "MIN_FRAMES", "can_be_drawn", "choose_frames", "is_usable"]

MIN_FRAMES = 20
"""A video needs as many frames."""
MAX_GAP = 30
"""Frames between the base frame and the others, at first."""
_WIDENING = 5  # of the gap, each time that no frame was found within it


def is_usable(video: AnnotatedVideo, *, n_train: int, n_test: int) -> bool:
    """Whether sequences can be drawn: a still, or a video that shows the target often.

    The rule of the released code: 20 frames, and the target visible in more than twice
    as many as a sequence has.
    """
    n_visible = int(video.visible.sum())
    if video.is_still:
        return n_visible == 1
    return len(video) >= MIN_FRAMES and n_visible > 2 * (n_train + n_test)


def can_be_drawn(video: AnnotatedVideo, *, n_train: int, n_test: int) -> bool:
    """Whether `choose_frames` finds a sequence at all: a few boxes are enough.

    For videos that people annotated themselves and that shall not go to waste.
    """
    if video.is_still:
        return bool(video.visible.any())
    shown = np.flatnonzero(video.visible)
    bases = _between(shown, n_train - 1, len(video) - n_test)
    inner = bases[bases < shown[-1]] if len(bases) else bases
    return len(inner) > 0 and (n_train == 1 or bool(inner[-1] > shown[0]))


def choose_frames(
    video: AnnotatedVideo, dice: Dice, *, n_train: int, n_test: int
) -> list[int]:
    """Draw the frames of a sequence, train frames first (causal rule of the paper).

    The base frame is any that shows the target; the other train frames come from up to
    30 frames before it, the test frames from up to 30 after, with replacement. Where
    there are none, another base is drawn and the gap grows by 5. Frames are drawn by
    their trust.

    Args:
        video: one that `is_usable`, or `can_be_drawn`.
        dice: source of randomness.
        n_train: train frames.
        n_test: test frames.

    Returns:
        `n_train + n_test` frame numbers.
    """
    if video.is_still:
        return [0] * (n_train + n_test)
    shown = np.flatnonzero(video.visible)
    bases = _between(shown, n_train - 1, len(video) - n_test)
    gap = MAX_GAP
    while True:
        base = _draw(bases, 1, dice, video.trust)[0]
        before = _between(shown, base - gap, base)
        after = _between(shown, base + 1, base + gap + 1)
        if len(after) and (len(before) or n_train == 1):
            earlier = _draw(before, n_train - 1, dice, video.trust)
            return [base, *earlier, *_draw(after, n_test, dice, video.trust)]
        gap += _WIDENING


def _between(numbers: NDArray[np.intp], low: int, high: int) -> NDArray[np.intp]:
    """The sorted numbers from `low` on and below `high`."""
    first, last = np.searchsorted(numbers, (low, high))
    return numbers[first:last]


def _draw(
    numbers: NDArray[np.intp],
    count: int,
    dice: Dice,
    trust: NDArray[np.float32] | None,
) -> list[int]:
    if trust is not None and count > 0:
        cumulative = torch.from_numpy(trust[numbers]).double().cumsum(0)
        return [int(numbers[i]) for i in dice.pick(cumulative, count).tolist()]
    limits = torch.full((count,), len(numbers))
    return [int(numbers[i]) for i in dice.below(limits).tolist()]
