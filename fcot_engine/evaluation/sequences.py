"""Sequences of images with a true box for every frame.

    <root>/<name>/img/00000001.jpg ...
    <root>/<name>/groundtruth.txt        one line a frame: x,y,w,h

The numbers are 0-based pixels of the top left corner, as in `geometry.boxes`; they may
be separated by commas, tabs or blanks. A line of nan says that the target is absent.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import ConfigError, FrameError, FrameIndexError, VideoError

TRUTH_FILE = "groundtruth.txt"
IMAGE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png"}


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class EvalSequence:
    """Frames on disk, as a `FrameSource`, and the truth about them."""

    name: str
    image_paths: tuple[Path, ...]
    truth_xywh: NDArray[np.float64]
    """One row a frame, NaN where the target is absent, shape (n, 4)."""
    frame_rate: float = 25.0
    """The files do not say it."""

    def __len__(self) -> int:
        return len(self.image_paths)

    @property
    def width(self) -> int:
        """Width of the frames in pixels, as the first one tells."""
        return self._size_wh[0]

    @property
    def height(self) -> int:
        """Height of the frames in pixels, as the first one tells."""
        return self._size_wh[1]

    @functools.cached_property
    def _size_wh(self) -> tuple[int, int]:
        height, width = self.read(0).shape[:2]
        return width, height

    def file_name(self, index: int) -> str:
        """Name of the image of a frame."""
        return self.image_paths[index].name

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def cut_to(self, max_frames: int) -> EvalSequence:
        """Return the first frames alone, at most `max_frames` and at least 2.

        Raises:
            ConfigError: `max_frames` is below 2.
        """
        if max_frames < 2:
            raise ConfigError(
                f"At least 2 frames a sequence must be used, got {max_frames}."
            )
        return replace(
            self,
            image_paths=self.image_paths[:max_frames],
            truth_xywh=self.truth_xywh[:max_frames],
        )

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return one frame as RGB, shape (height, width, 3).

        Raises:
            FrameIndexError: `index` is not from 0 to `len(self) - 1`.
            FrameError: the image cannot be decoded.
        """
        from PIL import Image

        if not 0 <= index < len(self):
            raise FrameIndexError(
                f"Frame must be from 0 to {len(self) - 1} in {self.name}, got {index}.",
                frame_index=index,
            )
        path = self.image_paths[index]
        try:
            with Image.open(path) as image:
                return np.array(image.convert("RGB"))
        except (OSError, SyntaxError, ValueError) as error:
            raise FrameError(
                f"Frame {index} of {self.name}, {path.name}, cannot be decoded: "
                f"{error}. Copy the image again.",
                frame_index=index,
            ) from error


def find_sequences(
    root: Path, names: Iterable[str] | None = None
) -> list[EvalSequence]:
    """Load the sequences of a folder, by name.

    Args:
        root: holds one folder a sequence.
        names: take only these; all when None.

    Raises:
        VideoError: there is none, a name is unknown, or a sequence cannot be read.
    """
    if not root.is_dir():
        raise VideoError(f"{root} is not a folder. Give the folder of the sequences.")
    known = sorted(path.parent.name for path in root.glob(f"*/{TRUTH_FILE}"))
    if not known:
        raise VideoError(
            f"{root} has no sequences: expected <name>/{TRUTH_FILE} and <name>/img/."
        )
    wanted = known if names is None else list(names)
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise VideoError(
            f"{root} has no sequence {', '.join(unknown) or 'of an empty name'}; it "
            f"has: {', '.join(known)}."
        )
    return [load_sequence(root / name) for name in wanted]


def load_sequence(folder: Path) -> EvalSequence:
    """Load one sequence; images are read later, one by one.

    Raises:
        VideoError: no images, a line that is no box, or not one box an image.
    """
    truth = read_boxes(folder / TRUTH_FILE)
    images = folder / "img"
    found = images.iterdir() if images.is_dir() else ()
    paths = sorted(p for p in found if p.suffix.lower() in IMAGE_SUFFIXES)
    if len(paths) != len(truth) or len(paths) < 2:
        raise VideoError(
            f"{folder.name} must have one line of {TRUTH_FILE} for each of at least 2 "
            f"images in img/, got {len(truth)} lines and {len(paths)} images."
        )
    if not np.isfinite(truth[0]).all():
        raise VideoError(f"{folder.name} must have a box in its first frame, got nan.")
    return EvalSequence(folder.name, tuple(paths), truth)


def read_boxes(path: Path) -> NDArray[np.float64]:
    """Read a file of x, y, width, height lines, shape (n, 4).

    Raises:
        VideoError: the file cannot be read or a line is not four numbers.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise VideoError(f"{path} cannot be read: {error}.") from error
    while lines and not lines[-1].strip():
        lines.pop()
    return np.array([_read_box(line, path, n) for n, line in enumerate(lines, 1)])


def _read_box(line: str, path: Path, number: int) -> list[float]:
    try:
        values = [float(part) for part in line.replace(",", " ").split()]
    except ValueError:
        values = []
    if len(values) != 4:
        raise VideoError(
            f"Line {number} of {path} must be four numbers x,y,w,h, "
            f"got {line.strip()!r}."
        )
    return values
