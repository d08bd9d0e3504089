"""What everybody asks of a video, and what a kind of video has to offer for that."""

from __future__ import annotations

import importlib.util
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import VideoError

DEFAULT_FRAME_RATE = 25.0
"""Where a source does not say."""

_MIN_FRAME_SIDE_PX = 4


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


class FrameDecoder(Protocol):
    """What a kind of video has to offer to become a `FrameSource`, by `BufferedFrames`.

    Its methods are called by one thread at a time.
    """

    name: str
    width: int
    height: int
    frame_rate: float

    def __len__(self) -> int:
        """Number of frames."""

    def decode(self, index: int) -> NDArray[np.uint8]:
        """Return frame `index` as RGB (height, width, 3); the index is in range.

        Raises:
            FrameError: the frame cannot be decoded.
        """

    def file_name(self, index: int) -> str:
        """Name of a frame for exports; the index is in range."""

    def close(self) -> None:
        """Give file handles back."""


def check_frame_size(width: int, height: int, *, name: str) -> None:
    """Raise `VideoError` unless frames are large enough to hold anything to follow."""
    if width < _MIN_FRAME_SIDE_PX or height < _MIN_FRAME_SIDE_PX:
        raise VideoError(
            f"{name} has frames of {width}x{height} pixels; at least "
            f"{_MIN_FRAME_SIDE_PX}x{_MIN_FRAME_SIDE_PX} are needed to follow anything."
        )


def number_name(index: int) -> str:
    """Return the name of a frame that has no file: `000001.jpg` for frame 0."""
    return f"{index + 1:06d}.jpg"


def require_package(module: str, *, distribution: str, purpose: str) -> None:
    """Raise `VideoError` with the line to type unless a package is installed."""
    if importlib.util.find_spec(module) is None:
        raise VideoError(
            f"{purpose} needs the package {distribution}, which is not installed. "
            f"Install it with: pip install {distribution}"
        )
