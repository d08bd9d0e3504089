"""A video on disk with a box for each frame, as the published sets have them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import TrainingError

__all__ = ["AnnotatedVideo", "read_numbers"]


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class AnnotatedVideo:
    """Where the frames lie and where the target is in them.

    Example:
        >>> video = AnnotatedVideo(
        ...     folder=Path("car-1/img"),
        ...     pattern="{:08d}.jpg",
        ...     first_number=1,
        ...     boxes_xywh=np.zeros((3, 4), np.float32),
        ...     visible=np.ones(3, bool),
        ... )
        >>> video.frame_path(2).name
        '00000003.jpg'
    """

    folder: Path
    """Holds the frames."""
    pattern: str
    """File name of a frame, with a place for its number."""
    first_number: int
    """Number in the name of frame 0."""
    boxes_xywh: NDArray[np.float32]
    """The target, `(n, 4)`, in the convention of `geometry.boxes`."""
    visible: NDArray[np.bool_]
    """Whether a frame shows the target and has a usable box, `(n,)`."""
    trust: NDArray[np.float32] | None = None
    """How often a visible frame is drawn beside the others, above 0, `(n,)`; all alike
    if None."""

    def __len__(self) -> int:
        return len(self.boxes_xywh)

    @property
    def is_still(self) -> bool:
        """Whether this is one image, to be repeated as if it were a video."""
        return len(self) == 1

    def frame_path(self, index: int) -> Path:
        """The file of frame `index`, counted from 0."""
        return self.folder / self.pattern.format(index + self.first_number)


def read_numbers(path: Path, *, columns: int) -> NDArray[np.float32]:
    """Read a file of numbers apart by commas, blanks or line ends.

    Args:
        path: the file.
        columns: numbers in a row; lines may be longer or shorter.

    Returns:
        `(n, columns)`.

    Raises:
        TrainingError: it cannot be read or does not hold whole rows of numbers.
    """
    try:
        words = path.read_text(encoding="utf-8").replace(",", " ").split()
        numbers = np.array(words, dtype=np.float32)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"{path} cannot be read as numbers: {error}. Copy it again."
        ) from error
    if len(numbers) % columns:
        raise TrainingError(
            f"{path} must hold rows of {columns} numbers, got {len(numbers)} in all. "
            "Copy it again."
        )
    return numbers.reshape(-1, columns)
