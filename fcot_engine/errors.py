"""All errors of the engine.

    FcotError
    ├── ConfigError (ValueError)      a setting is out of range or unknown
    ├── ShapeError (ValueError)       an array or tensor has the wrong shape
    ├── BoxError (ValueError)         a box cannot be used
    ├── FrameError                    a frame cannot be read or is unusable
    │   └── FrameIndexError (IndexError)   a frame number is out of range
    ├── VideoError                    a video, stack or folder cannot be opened
    ├── WeightsError                  a weights file is wrong or corrupted
    ├── ExportError                   results could not be written
    ├── TrackFileError                a file of tracks cannot be read
    ├── EditError (ValueError)        annotations cannot be changed in that way
    ├── ProjectError                  a project cannot be opened or saved
    │   ├── ProjectInUseError         another program works on it
    │   ├── MovedVideoError           its video is no longer where it was
    │   └── OtherVideoError           the video is not the one it was made on
    ├── TrainingError                 training cannot start or go on
    └── TrackerStateError             calls came in the wrong order

Each message says what was expected, what came, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor  # the command line reads this module, and torch is slow


class FcotError(Exception):
    """Base of every error that this package raises on purpose."""


class ConfigError(FcotError, ValueError):
    """A setting is out of range, contradictory or unknown."""


class ShapeError(FcotError, ValueError):
    """An array or tensor does not have the shape that was asked for."""


class BoxError(FcotError, ValueError):
    """A box is not finite, has no area, or lies outside the frame."""


class FrameError(FcotError):
    """A frame cannot be decoded or cannot be used.

    Attributes:
        frame_index: the number of the frame, 0-based, or None if unknown.
    """

    def __init__(self, message: str, *, frame_index: int | None = None) -> None:
        super().__init__(message)
        self.frame_index = frame_index


class FrameIndexError(FrameError, IndexError):
    """A frame number lies outside the video."""


class VideoError(FcotError):
    """A video file, image stack or image folder cannot be opened."""


class WeightsError(FcotError):
    """A weights file is missing, corrupted or does not fit the network."""


class ExportError(FcotError):
    """Results could not be written; nothing half-written is left behind."""


class TrackFileError(FcotError):
    """A file of tracks is damaged, or does not belong to the video.

    Attributes:
        line: the line of the file that is wrong, from 1, or None if unknown.
    """

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class EditError(FcotError, ValueError):
    """Annotations cannot be changed in that way; they are as they were."""


class ProjectError(FcotError):
    """A project cannot be opened, or a change of it cannot be saved."""


class ProjectInUseError(ProjectError):
    """Another program works on a project; it may be opened for looking only.

    Attributes:
        owner: who, where and since when, in words.
    """

    def __init__(self, message: str, *, owner: str) -> None:
        super().__init__(message)
        self.owner = owner


class MovedVideoError(ProjectError):
    """The video of a project is no longer where it was; ask where it is now.

    Attributes:
        video_path: where it was last seen.
    """

    def __init__(self, message: str, *, video_path: str) -> None:
        super().__init__(message)
        self.video_path = video_path


class OtherVideoError(ProjectError):
    """A video is not the one that a project was made on.

    Attributes:
        reasons: each way in which it differs, in words.
    """

    def __init__(self, message: str, *, reasons: tuple[str, ...]) -> None:
        super().__init__(message)
        self.reasons = reasons


class TrainingError(FcotError):
    """Training cannot start or go on."""


class TrackerStateError(FcotError):
    """A tracker method was called before the one it builds on."""


def check_last_dim(tensor: Tensor, size: int, *, name: str) -> None:
    """Raise `ShapeError` unless the last dimension of `tensor` is `size`."""
    if tensor.ndim == 0 or tensor.shape[-1] != size:
        raise ShapeError(
            f"{name} must have shape (*, {size}), got {tuple(tensor.shape)}."
        )


def check_ndim(tensor: Tensor, ndim: int, *, name: str, layout: str) -> None:
    """Raise `ShapeError` unless `tensor` has `ndim` dimensions, named by `layout`."""
    if tensor.ndim != ndim:
        raise ShapeError(
            f"{name} must have shape ({layout}), got {tuple(tensor.shape)}."
        )
