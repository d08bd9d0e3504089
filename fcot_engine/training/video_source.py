"""Training sequences cut out of annotated videos."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcot_engine.config import FactoryConfig
from fcot_engine.errors import TrainingError
from fcot_engine.geometry import PatchFrame
from fcot_engine.ops import cut_patch
from fcot_engine.training._appearance import degrade_frames, vary_light
from fcot_engine.training._draws import Draws
from fcot_engine.training._motion import draw_centers, draw_zoom
from fcot_engine.training.batches import TrainingBatch, seed_generator
from fcot_engine.training.videos import AnnotatedVideo

_MIN_FRAMES = 20  # that a video needs
_MAX_GAP = 30  # frames between the base frame and the others, at first
_WIDENING = 5  # of the gap, each time that no frame was found within it


def is_usable(video: AnnotatedVideo, *, n_train: int, n_test: int) -> bool:
    """Whether sequences can be drawn: a still, or a video that shows the target often.

    The rule of the released code: 20 frames, and the target visible in more than twice
    as many as a sequence has.
    """
    n_visible = int(video.visible.sum())
    if video.is_still:
        return n_visible == 1
    return len(video) >= _MIN_FRAMES and n_visible > 2 * (n_train + n_test)


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
    video: AnnotatedVideo, draw: Draws, *, n_train: int, n_test: int
) -> list[int]:
    """Draw the frames of a sequence, train frames first (causal rule of the paper).

    The base frame is any that shows the target; the other train frames come from up to
    30 frames before it, the test frames from up to 30 after, with replacement. Where
    there are none, another base is drawn and the gap grows by 5. Frames are drawn by
    their trust.

    Args:
        video: one that `is_usable`, or `can_be_drawn`.
        draw: random numbers.
        n_train: train frames.
        n_test: test frames.

    Returns:
        `n_train + n_test` frame numbers.
    """
    if video.is_still:
        return [0] * (n_train + n_test)
    shown = np.flatnonzero(video.visible)
    bases = _between(shown, n_train - 1, len(video) - n_test)
    gap = _MAX_GAP
    while True:
        base = _draw(bases, 1, draw, video.trust)[0]
        before = _between(shown, base - gap, base)
        after = _between(shown, base + 1, base + gap + 1)
        if len(after) and (len(before) or n_train == 1):
            earlier = _draw(before, n_train - 1, draw, video.trust)
            return [base, *earlier, *_draw(after, n_test, draw, video.trust)]
        gap += _WIDENING


def _between(numbers: NDArray[np.intp], low: int, high: int) -> NDArray[np.intp]:
    """The sorted numbers from `low` on and below `high`."""
    first, last = np.searchsorted(numbers, (low, high))
    return numbers[first:last]


def _draw(
    numbers: NDArray[np.intp],
    count: int,
    draw: Draws,
    trust: NDArray[np.float32] | None,
) -> list[int]:
    if trust is not None and count > 0:
        cumulative = torch.from_numpy(trust[numbers]).double().cumsum(0)
        return [int(numbers[i]) for i in draw.pick(cumulative, count).tolist()]
    limits = torch.full((count,), len(numbers))
    return [int(numbers[i]) for i in draw.below(limits).tolist()]


class VideoRule(Protocol):
    """Says whether sequences can be drawn from a video, as `is_usable` does."""

    def __call__(self, video: AnnotatedVideo, *, n_train: int, n_test: int) -> bool:
        """Whether the video is taken."""


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
        is_wanted: VideoRule = is_usable,
    ) -> None:
        self.config = config
        self.device = torch.device(device)
        n_train, n_test = config.n_train, config.n_test
        self._videos = [
            v for v in videos if is_wanted(v, n_train=n_train, n_test=n_test)
        ]
        self._seed, self._rank = seed, rank
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
        generator = seed_generator(self._seed, self._rank, index, size)
        draw = Draws(generator, torch.device("cpu"))
        paths, boxes = self._choose(size, draw)
        patches, boxes = self._cut(paths, boxes, draw)
        draw = Draws(generator, self.device)
        images = vary_light(patches.to(self.device).float() / 255, draw)
        images = degrade_frames(images.flatten(0, 1), draw).view_as(images)
        return TrainingBatch.from_frames(
            images,
            boxes.to(self.device),
            torch.ones(boxes.shape[:2], dtype=torch.bool, device=self.device),
            torch.zeros(size, dtype=torch.bool, device=self.device),
            n_train=self.config.n_train,
        )

    def _choose(self, size: int, draw: Draws) -> tuple[list[Path], Tensor]:
        """Files of all frames, and the target in them, `(B, F, 4)`, image pixels."""
        paths, boxes = [], []
        for number in draw.below(torch.full((size,), len(self._videos))).tolist():
            video = self._videos[number]
            chosen = choose_frames(
                video, draw, n_train=self.config.n_train, n_test=self.config.n_test
            )
            paths += [video.frame_path(i) for i in chosen]
            boxes.append(torch.from_numpy(video.boxes_xywh[chosen]))
        return paths, torch.stack(boxes)

    def _cut(
        self, paths: Sequence[Path], boxes_xywh: Tensor, draw: Draws
    ) -> tuple[Tensor, Tensor]:
        """Patches `(B, F, 3, S, S)` of 0 to 255, and the boxes in them."""
        side = self.config.patch_size
        wh = boxes_xywh[..., 2:]
        size = self.config.target_size_px * draw_zoom(self.config, len(wh), draw)
        zoom = size / wh.prod(-1).sqrt()  # patch pixels for one of the image, (B, F)
        half = wh / 2 * zoom[..., None]
        center = draw_centers(self.config, half, draw)
        middle = boxes_xywh[..., :2] + wh / 2 + (side / 2 - center) / zoom[..., None]
        middles, zooms = middle.flatten(0, 1).tolist(), zoom.flatten().tolist()
        cut = [
            _cut_out(path, PatchFrame((x, y), 1 / z, side))
            for path, (x, y), z in zip(paths, middles, zooms, strict=True)
        ]
        patches = torch.stack(cut).view(*wh.shape[:2], 3, side, side)
        boxes = torch.cat([center - half, 2 * half], -1)
        return _mirror_some(patches, boxes, draw.chance(0.5, len(wh)))


def _cut_out(path: Path, frame: PatchFrame) -> Tensor:
    """Decode a frame, no finer than needed, and cut a patch `(3, S, S)`."""
    reduction = 2 ** max(0, min(3, math.floor(math.log2(frame.scale))))
    decoded, ratio = _decode(path, reduction)
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
