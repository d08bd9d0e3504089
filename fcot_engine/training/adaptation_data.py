"""Batches for adapting weights: clips, and photos beside them."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from fcot_engine.config import FactoryConfig
from fcot_engine.training.annotated_video import AnnotatedVideo
from fcot_engine.training.data_options import DataOption
from fcot_engine.training.frame_choice import can_be_drawn
from fcot_engine.training.mixed_source import MixedSource
from fcot_engine.training.training_batch import BatchSource
from fcot_engine.training.training_data import open_source
from fcot_engine.training.video_source import VideoSource

__all__ = ["open_adaptation_source"]


def open_adaptation_source(
    clips: Sequence[AnnotatedVideo],
    config: FactoryConfig,
    *,
    photos: DataOption | None = None,
    device: torch.device,
    seed: int = 0,
    workers: int = 0,
) -> tuple[BatchSource, str]:
    """Make batches of clips; with photos, of what the sample factory composes as well.

    Args:
        clips: tracks with their frames on the disk; a few boxes are enough.
        config: what to make.
        photos: drawn as often as its weight says, clips with weight 1.
        device: where batches are made.
        seed: seed of everything random.
        workers: threads that decode frames.

    Returns:
        The source, and a line about what was read.

    Raises:
        TrainingError: no clip is usable, or the photos are missing.
    """
    own: BatchSource
    own = source = VideoSource(
        clips,
        config,
        device=device,
        seed=seed,
        workers=workers,
        is_wanted=can_be_drawn,
    )
    what = f"{len(source)} tracks"
    if photos is None:
        return own, what
    # another seed: parts shall not move in step
    composed, read = open_source([photos], config, device=device, seed=seed + 7919)
    mixed = MixedSource([own, composed], [1.0, photos.weight], seed=seed)
    return mixed, f"{what}, {read}"
