"""From the data that was asked for to the source of batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from fcot_engine.config import FactoryConfig
from fcot_engine.training.data_options import PHOTOS, DataOption
from fcot_engine.training.mixed_source import MixedSource
from fcot_engine.training.photo_pool import load_photo_pool
from fcot_engine.training.published_sets import READERS
from fcot_engine.training.sample_factory import SampleFactory
from fcot_engine.training.training_batch import BatchSource
from fcot_engine.training.video_source import VideoSource

__all__ = ["open_source", "open_sources"]


def open_source(
    data: Sequence[DataOption],
    config: FactoryConfig,
    *,
    device: torch.device,
    seed: int,
    rank: int = 0,
    workers: int = 0,
    shards: int | None = None,
    max_photos: int | None = None,
) -> tuple[BatchSource, str]:
    """Read photos and annotations, and mix what is made of them.

    Args:
        data: the parts, at least one.
        config: what to make.
        device: where batches are made.
        seed: seed of everything random.
        rank: number of this process among several.
        workers: threads that decode video frames.
        shards: read only that many photo shards.
        max_photos: read only that many photos.

    Returns:
        The source, and a line about what was read.

    Raises:
        TrainingError: a part is missing, empty or damaged.
    """
    sources, read = open_sources(
        data,
        [config],
        device=device,
        seed=seed,
        rank=rank,
        workers=workers,
        shards=shards,
        max_photos=max_photos,
    )
    return sources[0], read


def open_sources(
    data: Sequence[DataOption],
    configs: Sequence[FactoryConfig],
    *,
    device: torch.device,
    seed: int,
    rank: int = 0,
    workers: int = 0,
    shards: int | None = None,
    max_photos: int | None = None,
) -> tuple[list[BatchSource], str]:
    """Read the data once for several sources that make different things of it.

    Args:
        data: the parts, at least one.
        configs: what each source makes.
        device: where batches are made.
        seed: seed of everything random.
        rank: number of this process among several.
        workers: threads that decode video frames.
        shards: read only that many photo shards.
        max_photos: read only that many photos.

    Returns:
        One source for each of `configs`, and a line about what was read.

    Raises:
        TrainingError: a part is missing, empty or damaged.
    """
    parts: list[list[BatchSource]] = []  # one list for each part of the data
    read = []
    for number, part in enumerate(data):
        own_seed = seed + 7919 * number  # parts of one kind shall not move in step
        if part.kind == PHOTOS:
            pool = load_photo_pool(part.folder, shards=shards, max_photos=max_photos)
            # moved once for all sources; a factory chooses targets with the rest here
            on_device = pool.to(device)
            pool = replace(pool, levels=on_device.levels, cutouts=on_device.cutouts)
            parts.append(
                [
                    SampleFactory(pool, config, device=device, seed=own_seed, rank=rank)
                    for config in configs
                ]
            )
            read.append(f"{len(pool)} photos")
            continue
        annotated = READERS[part.kind](part.folder)
        videos = [
            VideoSource(
                annotated,
                config,
                device=device,
                seed=own_seed,
                rank=rank,
                workers=workers,
            )
            for config in configs
        ]
        parts.append([*videos])
        read.append(f"{len(videos[0])} videos of {part.kind}")
    told = ", ".join(read)
    if len(parts) == 1:
        return parts[0], told
    weights = [part.weight for part in data]
    return [
        MixedSource(sources, weights, seed=seed, rank=rank)
        for sources in zip(*parts, strict=True)
    ], told
