"""From the data that was asked for to the source of batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from fcot_engine.config import FactoryConfig
from fcot_engine.errors import ConfigError
from fcot_engine.training.batches import BatchSource, MixedSource
from fcot_engine.training.photos import load_photo_pool
from fcot_engine.training.sample_factory import SampleFactory
from fcot_engine.training.video_source import VideoSource
from fcot_engine.training.videos import READERS

_PHOTOS = "photos"


@dataclass(frozen=True, kw_only=True)
class DataPart:
    """One part of the training data."""

    kind: str
    """`photos`, `got10k`, `lasot`, `trackingnet` or `coco`."""
    folder: Path
    """Where it lies."""
    weight: float = 1.0
    """How often it is drawn, beside the others."""

    @classmethod
    def parse_photos(cls, text: str) -> DataPart:
        """Read `FOLDER` or `FOLDER=WEIGHT`.

        Raises:
            ConfigError: the weight is not above 0.

        Example:
            >>> DataPart.parse_photos("photos=2").weight
            2.0
        """
        folder, equals, number = text.rpartition("=")
        try:
            weight = float(number) if equals else 1.0
        except ValueError:  # the = belongs to the folder's name
            equals, weight = "", 1.0
        if not 0 < weight < float("inf"):
            raise ConfigError(f"A weight must be a number above 0, got {number!r}.")
        return cls(kind=_PHOTOS, folder=Path(folder if equals else text), weight=weight)

    @classmethod
    def parse_videos(cls, text: str) -> DataPart:
        """Read `KIND:FOLDER` or `KIND:FOLDER=WEIGHT`.

        Raises:
            ConfigError: the kind is unknown, or the weight not above 0.

        Example:
            >>> DataPart.parse_videos("lasot:sets/lasot=0.5").kind
            'lasot'
        """
        kind, _, rest = text.partition(":")
        if kind not in READERS or not rest:
            raise ConfigError(
                f"--data must be KIND:FOLDER or KIND:FOLDER=WEIGHT with a kind of "
                f"{', '.join(READERS)}; got {text!r}."
            )
        return replace(cls.parse_photos(rest), kind=kind)


def open_sources(
    data: Sequence[DataPart],
    configs: Sequence[FactoryConfig],
    *,
    device: torch.device,
    seed: int,
    rank: int = 0,
    max_photos: int | None = None,
) -> tuple[list[BatchSource], str]:
    """Read the data once for one source or several that make different things of it.

    Args:
        data: the parts, at least one.
        configs: what each source makes.
        device: where batches are made.
        seed: seed of everything random.
        rank: number of this process among several.
        max_photos: read only that many photos.

    Returns:
        One source for each of `configs`, and a line about what was read.

    Raises:
        TrainingError: a part is missing, empty or damaged.
    """
    parts: list[Sequence[BatchSource]] = []  # one entry for each part of the data
    read = []
    for number, part in enumerate(data):
        own_seed = seed + 7919 * number  # parts of one kind shall not move in step
        if part.kind == _PHOTOS:
            pool = load_photo_pool(part.folder, max_photos=max_photos)
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
            VideoSource(annotated, config, device=device, seed=own_seed, rank=rank)
            for config in configs
        ]
        parts.append(videos)
        read.append(f"{len(videos[0])} videos of {part.kind}")
    told = ", ".join(read)
    if len(parts) == 1:
        return list(parts[0]), told
    weights = [part.weight for part in data]
    return [
        MixedSource(sources, weights, seed=seed, rank=rank)
        for sources in zip(*parts, strict=True)
    ], told
