"""Still photos with boxes, decoded once and kept, and targets chosen from them."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from fcot_engine.errors import TrainingError
from fcot_engine.training._draws import Draws

_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
_N_LEVELS = 3  # full, half, quarter: a target of 256 px is shown at 64
_CUTOUT_PX = 128


@dataclass(frozen=True, eq=False)
class PhotoPool:
    """Photos and boxes as tensors, ready to be gathered in batches.

    Attributes:
        levels: the photos at full, half and quarter resolution, uint8 RGB,
            `(N, 3, P, P)`, `(N, 3, P/2, P/2)`, ...; each photo lies at the top left,
            its last row and column repeated over the rest.
        sizes_wh: width and height of each photo at full resolution, `(N, 2)`.
        boxes_xywh: all boxes in photo pixels, ordered by photo, `(M, 4)`.
        photo_of_box: the photo of each box, `(M,)`.
        first_box: index of each photo's first box, `(N,)`.
        n_boxes: number of boxes of each photo, `(N,)`.
        cutouts: objects with alpha, uint8 RGBA, `(C, 4, 128, 128)`; C may be 0.
        has_real_boxes: False where boxes were made up for photos without any.
    """

    levels: tuple[Tensor, ...]
    sizes_wh: Tensor
    boxes_xywh: Tensor
    photo_of_box: Tensor
    first_box: Tensor
    n_boxes: Tensor
    cutouts: Tensor
    has_real_boxes: bool

    def __len__(self) -> int:
        return int(self.levels[0].shape[0])

    def to(self, device: torch.device | str) -> PhotoPool:
        """The same pool with photos, sizes and cut-outs on a device."""
        return replace(
            self,
            levels=tuple(level.to(device) for level in self.levels),
            sizes_wh=self.sizes_wh.to(device),
            cutouts=self.cutouts.to(device),
        )

    @classmethod
    def from_arrays(
        cls,
        photos: Sequence[Tensor],
        boxes: Sequence[Sequence[Sequence[float]]],
        cutouts: Tensor | None = None,
    ) -> PhotoPool:
        """Build a pool from decoded photos.

        Args:
            photos: uint8 RGB, each `(3, H, W)`.
            boxes: for each photo its boxes, x, y, width, height in photo pixels. With
                no box at all, one box is made up for each photo, and the pool is
                then of use for pasting only.
            cutouts: uint8 RGBA, `(C, 4, 128, 128)`.

        Raises:
            TrainingError: no photos, or not one list of boxes for each photo.
        """
        if not photos or len(photos) != len(boxes):
            raise TrainingError(
                "A photo pool needs at least one photo and one list of boxes for each; "
                f"got {len(photos)} photos and {len(boxes)} lists."
            )
        sizes_wh = torch.tensor([[p.shape[2], p.shape[1]] for p in photos]).float()
        has_real_boxes = any(len(rows) for rows in boxes)
        if not has_real_boxes:
            boxes = [[_made_up_box(p.shape[2], p.shape[1])] for p in photos]
        n_boxes = torch.tensor([len(rows) for rows in boxes])
        flat = [list(row) for rows in boxes for row in rows]
        return cls(
            levels=_build_levels(photos),
            sizes_wh=sizes_wh,
            boxes_xywh=torch.tensor(flat, dtype=torch.float32).view(-1, 4),
            photo_of_box=torch.repeat_interleave(torch.arange(len(photos)), n_boxes),
            first_box=n_boxes.cumsum(0) - n_boxes,
            n_boxes=n_boxes,
            cutouts=_no_cutouts() if cutouts is None else cutouts,
            has_real_boxes=has_real_boxes,
        )


def load_photo_pool(folder: Path, *, max_photos: int | None = None) -> PhotoPool:
    """Read photos, boxes and cut-outs from a folder.

    The folder holds either shards (`photos-*.tar` of `<source>/<id>.jpg`, with
    `boxes.csv.gz` and, if wanted, `cutouts.tar`; `photos-val.tar` is left out), or
    simply image files, at any depth, without boxes.

    Args:
        folder: where the data lies.
        max_photos: stop after that many photos.

    Raises:
        TrainingError: the folder is missing or empty, or a file cannot be decoded.
    """
    if not folder.is_dir():
        raise TrainingError(
            f"The photo folder {folder} does not exist. Give a folder with "
            "photos-*.tar and boxes.csv.gz, or with image files."
        )
    tars = [t for t in sorted(folder.glob("photos-*.tar")) if t.stem != "photos-val"]
    found = _iterate_tars(tars) if tars else _iterate_files(folder)
    names: list[str] = []
    photos: list[Tensor] = []
    for name, data in found:
        names.append(name)
        photos.append(_decode(data, name=name, mode="RGB"))
        if max_photos is not None and len(photos) >= max_photos:
            break
    if not photos:
        raise TrainingError(
            f"No photos found in {folder}: expected photos-*.tar or image files "
            f"({', '.join(sorted(_SUFFIXES))})."
        )
    boxes = _read_boxes(folder / "boxes.csv.gz", required=bool(tars))
    return PhotoPool.from_arrays(
        photos,
        [
            [_clip_box(row, p.shape[2], p.shape[1]) for row in boxes.get(name, [])]
            for name, p in zip(names, photos, strict=True)
        ],
        _read_cutouts(folder / "cutouts.tar"),
    )


def _iterate_tars(paths: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        try:
            with tarfile.open(path) as tar:
                for member in tar:
                    stream = tar.extractfile(member) if member.isfile() else None
                    if stream and Path(member.name).suffix.lower() in _SUFFIXES:
                        yield member.name, stream.read()
        except tarfile.TarError as error:
            raise TrainingError(
                f"{path} cannot be read as a tar file: {error}. Copy it again."
            ) from error


def _iterate_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _SUFFIXES and path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _decode(data: bytes, *, name: str, mode: str) -> Tensor:
    """Decode an image to uint8 `(C, H, W)`, its longer side at most 352 pixels."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", (704, 704))
            converted = image.convert(mode)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"The photo {name} cannot be decoded: {error}. Remove or replace it."
        ) from error
    if max(converted.size) > 352:
        converted.thumbnail((352, 352))
    return torch.from_numpy(np.array(converted)).permute(2, 0, 1).contiguous()


def _read_boxes(path: Path, *, required: bool) -> dict[str, list[list[float]]]:
    if not path.is_file():
        if required:
            raise TrainingError(
                f"{path} is missing: shards need a table of boxes with the columns "
                "file,x,y,w,h. Copy it beside the shards."
            )
        return {}
    boxes: dict[str, list[list[float]]] = {}
    try:
        with gzip.open(path, "rt", newline="") as stream:
            for row in csv.DictReader(stream):
                numbers = [float(row[key]) for key in ("x", "y", "w", "h")]
                boxes.setdefault(row["file"], []).append(numbers)
    except (OSError, EOFError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(
            f"{path} is not a table of boxes with the columns file,x,y,w,h: {error!r}."
        ) from error
    return boxes


def _read_cutouts(path: Path) -> Tensor:
    if not path.is_file():
        return _no_cutouts()
    decoded = [
        _decode(data, name=name, mode="RGBA") for name, data in _iterate_tars([path])
    ]
    fitting = [c for c in decoded if c.shape == (4, _CUTOUT_PX, _CUTOUT_PX)]
    return torch.stack(fitting) if fitting else _no_cutouts()


def _no_cutouts() -> Tensor:
    return torch.zeros(0, 4, _CUTOUT_PX, _CUTOUT_PX, dtype=torch.uint8)


def _clip_box(row: Sequence[float], width: int, height: int) -> list[float]:
    left, top = max(row[0], 0.0), max(row[1], 0.0)
    right, bottom = min(row[0] + row[2], width), min(row[1] + row[3], height)
    return [left, top, max(right - left, 0.0), max(bottom - top, 0.0)]


def _made_up_box(width: int, height: int) -> list[float]:
    return [width * 0.25, height * 0.25, width * 0.5, height * 0.5]


def _build_levels(photos: Sequence[Tensor]) -> tuple[Tensor, ...]:
    step = 2 ** (_N_LEVELS - 1)
    side = max(max(p.shape[1:]) for p in photos)
    side = -(-side // step) * step
    levels = [
        torch.empty(len(photos), 3, side >> k, side >> k, dtype=torch.uint8)
        for k in range(_N_LEVELS)
    ]
    for index, photo in enumerate(photos):
        _fill_repeated_(levels[0][index], photo)
    for finer, coarser in itertools.pairwise(levels):
        for few in range(0, len(photos), 256):
            part = finer[few : few + 256].to(torch.int16)
            total = part[..., ::2, ::2] + part[..., 1::2, ::2]
            total += part[..., ::2, 1::2] + part[..., 1::2, 1::2]
            coarser[few : few + 256] = ((total + 2) // 4).to(torch.uint8)
    return tuple(levels)


def _fill_repeated_(space: Tensor, photo: Tensor) -> None:
    """Put a photo at the top left and repeat its last row and column."""
    h, w = photo.shape[1:]
    space[:, :h, :w] = photo
    space[:, :h, w:] = photo[:, :, -1:]
    space[:, h:] = space[:, h - 1 : h]


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

    def draw(self, plain: Tensor, draw: Draws) -> Choice:
        """Draw targets for plain pairs and for pasted sequences, `(B,)` booleans."""
        pool, n = self._pool, plain.shape[0]
        plain = plain.cpu()
        box = torch.where(plain, draw.pick(self._plain, n), draw.pick(self._pasted, n))
        photo = pool.photo_of_box[box]
        other = pool.first_box[photo] + _below(draw, pool.n_boxes[photo])
        other_xywh = pool.boxes_xywh[other]
        tiny = other_xywh[:, 2:].amin(-1) < _MIN_SIDE_PX
        other_xywh = torch.where(tiny[:, None], pool.boxes_xywh[box], other_xywh)
        return Choice(
            photo,
            pool.boxes_xywh[box],
            other_xywh,
            _below(draw, torch.full((n,), len(pool))),
        )

    def _cumulate(self, weight: Tensor) -> Tensor:
        photo = self._pool.photo_of_box
        total = torch.zeros(len(self._pool)).index_add_(0, photo, weight)
        even = weight / total[photo].clamp(min=1e-9)
        return even.double().cumsum(0)


def _below(draw: Draws, limits: Tensor) -> Tensor:
    return draw.below(limits).cpu()
