"""What the session and everything above it ask of a video."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["FrameSource"]


@runtime_checkable
class FrameSource(Protocol):
    """A video as numbered RGB frames; `fcot_engine.video` implements it."""

    @property
    def name(self) -> str:
        """Short name for messages and exports, such as the file's stem."""

    @property
    def width(self) -> int:
        """Width of every frame in pixels."""

    @property
    def height(self) -> int:
        """Height of every frame in pixels."""

    @property
    def frame_rate(self) -> float:
        """Mean frames per second; 25.0 where the source does not say."""

    def __len__(self) -> int:
        """Number of frames."""

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return frame `index` (0-based) as RGB, shape (height, width, 3).

        Raises:
            FrameIndexError: `index` is negative or not below `len(self)`.
            FrameError: the frame cannot be decoded.
        """

    def file_name(self, index: int) -> str:
        """Name of the frame for exports: a folder's file, or `000001.jpg` style."""

    def close(self) -> None:
        """Give file handles and threads back; reading afterwards raises."""
