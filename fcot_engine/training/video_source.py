"""Training sequences cut out of annotated videos."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from fcot_engine.config import FactoryConfig
from fcot_engine.errors import TrainingError
from fcot_engine.geometry import PatchFrame
from fcot_engine.ops import cut_patch
from fcot_engine.training.annotated_video import AnnotatedVideo
from fcot_engine.training.appearance import degrade_frames, vary_light
from fcot_engine.training.dice import Dice
from fcot_engine.training.frame_choice import choose_frames, is_usable
from fcot_engine.training.motion import draw_centers, draw_zoom
from fcot_engine.training.training_batch import TrainingBatch

__all__ = ["VideoRule", "VideoSource"]

_LARGE_PRIME = 1_000_003


class VideoRule(Protocol):
    """Says whether sequences can be drawn from a video; see `frame_choice`."""

    def __call__(self, video: AnnotatedVideo, *, n_train: int, n_test: int) -> bool:
        """Whether the video is taken."""


class _Crop(NamedTuple):
    """One patch to cut: from which file, and where the target shall lie in it."""

    path: Path
    frame: PatchFrame


class VideoSource:
    """Makes batches from videos: every video equally often, frames as in the paper.

    The patches are cut as the tracker cuts them: the square root of the target's area
    is about `target_size_px`, the frame's border is repeated. Sizes and places vary as
    in the sample factory, the patches of a sequence may be mirrored, and light and
    sharpness vary.

    Args:
        videos: those that show their target too seldom are left out.
        config: patch size, number of frames, jitters.
        device: where the batches are returned.
        seed: seed of everything random.
        rank: number of this process among several that share a seed.
        workers: threads that decode images; 0 to decode in the calling thread.
        is_wanted: the rule by which videos are left out.

    Raises:
        TrainingError: no video is usable.
    """

    def __init__(
        self,
        videos: Sequence[AnnotatedVideo],
        config: FactoryConfig,
        *,
        device: torch.device | str = "cpu",
        seed: int = 0,
        rank: int = 0,
        workers: int = 0,
        is_wanted: VideoRule = is_usable,
    ) -> None:
        self.config = config
        self.device = torch.device(device)
        n_train, n_test = config.n_train, config.n_test
        self._videos = [
            v for v in videos if is_wanted(v, n_train=n_train, n_test=n_test)
        ]
        self._seed = seed * _LARGE_PRIME + rank
        self._workers = workers
        if not self._videos:
            raise TrainingError(
                f"None of the {len(videos)} videos shows its target often enough for "
                f"{n_train} train frames and {n_test} test frames after them. Give "
                "longer videos, or more boxes."
            )

    def __len__(self) -> int:
        return len(self._videos)

    @torch.no_grad()
    def make_batch(self, index: int, size: int) -> TrainingBatch:
        """Cut batch number `index` of `size` sequences.

        Raises:
            TrainingError: `index` is negative, `size` not positive, or a frame cannot
                be decoded.
        """
        if index < 0 or size < 1:
            raise TrainingError(
                f"A batch needs an index from 0 and a size from 1, got {index}, {size}."
            )
        generator = torch.Generator().manual_seed(self._seed * _LARGE_PRIME + index)
        dice = Dice(generator, torch.device("cpu"))
        paths, boxes = self._choose(size, dice)
        patches, boxes = self._cut(paths, boxes, dice)
        dice = Dice(generator, self.device)
        images = vary_light(patches.to(self.device).float() / 255, dice)
        images = degrade_frames(images.flatten(0, 1), dice).view_as(images)
        boxes, n_train = boxes.to(self.device), self.config.n_train
        return TrainingBatch(
            images[:, :n_train],
            boxes[:, :n_train],
            images[:, n_train:],
            boxes[:, n_train:],
            torch.ones(boxes[:, n_train:].shape[:2], dtype=torch.bool).to(self.device),
            torch.zeros(size, dtype=torch.bool).to(self.device),
        )

    def _choose(self, size: int, dice: Dice) -> tuple[list[Path], Tensor]:
        """Files of all frames, and the target in them, `(B, F, 4)`, image pixels."""
        paths, boxes = [], []
        for number in dice.below(torch.full((size,), len(self._videos))).tolist():
            video = self._videos[number]
            chosen = choose_frames(
                video, dice, n_train=self.config.n_train, n_test=self.config.n_test
            )
            paths += [video.frame_path(i) for i in chosen]
            boxes.append(torch.from_numpy(video.boxes_xywh[chosen]))
        return paths, torch.stack(boxes)

    def _cut(
        self, paths: Sequence[Path], boxes_xywh: Tensor, dice: Dice
    ) -> tuple[Tensor, Tensor]:
        """Patches `(B, F, 3, S, S)` of 0 to 255, and the boxes in them."""
        side = self.config.patch_size
        wh = boxes_xywh[..., 2:]
        size = self.config.target_size_px * draw_zoom(self.config, len(wh), dice)
        zoom = size / wh.prod(-1).sqrt()  # patch pixels for one of the image, (B, F)
        half = wh / 2 * zoom[..., None]
        center = draw_centers(self.config, half, dice)
        middle = boxes_xywh[..., :2] + wh / 2 + (side / 2 - center) / zoom[..., None]
        crops = [
            _Crop(path, PatchFrame((x, y), 1 / z, side))
            for path, (x, y), z in zip(
                paths,
                middle.flatten(0, 1).tolist(),
                zoom.flatten().tolist(),
                strict=True,
            )
        ]
        with ThreadPoolExecutor(self._workers) if self._workers else nullcontext() as p:
            cut = list(p.map(_cut_out, crops) if p else map(_cut_out, crops))
        patches = torch.stack(cut).view(*wh.shape[:2], 3, side, side)
        boxes = torch.cat([center - half, 2 * half], -1)
        return _mirror_some(patches, boxes, dice.chance(0.5, len(wh)))


def _cut_out(crop: _Crop) -> Tensor:
    """Decode a frame, no finer than needed, and cut a patch `(3, S, S)`."""
    frame = crop.frame
    reduction = 2 ** max(0, min(3, math.floor(math.log2(frame.scale))))
    decoded, ratio = _decode(crop.path, reduction)
    x, y = frame.center_xy
    cut = PatchFrame(
        (x * ratio[0], y * ratio[1]), frame.scale * ratio[0], frame.size_px
    )
    return cut_patch(decoded, cut)[0].round().clamp(0, 255).to(torch.uint8)


@functools.lru_cache(maxsize=8)  # a still is asked for once a frame of its sequence
def _decode(path: Path, reduction: int) -> tuple[Tensor, tuple[float, float]]:
    """Decode an image, a JPEG up to `reduction` (1, 2, 4 or 8) times smaller.

    Returns:
        uint8 `(3, H, W)`, and its pixels for one of the full image along x and y.
    """
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as image:
            width, height = image.size
            image.draft("RGB", (width // reduction, height // reduction))
            array = np.array(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise TrainingError(
            f"The frame {path} cannot be decoded: {error}. Copy it again."
        ) from error
    ratio = array.shape[1] / width, array.shape[0] / height
    return torch.from_numpy(array).permute(2, 0, 1), ratio


def _mirror_some(
    patches: Tensor, boxes_xywh: Tensor, chosen: Tensor
) -> tuple[Tensor, Tensor]:
    side = patches.shape[-1]
    x, y, w, h = boxes_xywh.unbind(-1)
    mirrored = torch.stack([side - x - w, y, w, h], -1)
    return (
        torch.where(chosen[:, None, None, None, None], patches.flip(-1), patches),
        torch.where(chosen[:, None, None], mirrored, boxes_xywh),
    )
