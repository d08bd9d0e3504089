"""From a video frame to what the tracker computes with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcot_engine.errors import FrameError
from fcot_engine.geometry import BoxXywh, fit_drawn_box

__all__ = ["check_box", "frame_to_image"]

_MIN_FRAME_PX = 2


def frame_to_image(frame: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Bring a frame to the device as `(3, H, W)`, uint8.

    Raises:
        FrameError: the frame is not uint8 RGB or smaller than 2x2 pixels.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise FrameError(
            "A frame must be uint8 RGB of shape (height, width, 3), got "
            f"{frame.dtype} of shape {frame.shape}. Bring other arrays to it with "
            "`fcot_engine.video.ArrayFrames`."
        )
    if min(frame.shape[:2]) < _MIN_FRAME_PX:
        raise FrameError(
            f"A frame must be at least 2x2 pixels, got {frame.shape[1]}x"
            f"{frame.shape[0]}. Choose another video."
        )
    array = np.ascontiguousarray(frame)
    if not array.flags.writeable:
        array = array.copy()
    return torch.from_numpy(array).to(device).permute(2, 0, 1)


def check_box(box_xywh: Sequence[float], frame: NDArray[np.uint8]) -> BoxXywh:
    """Return the box as it counts in this frame (`fit_drawn_box`).

    Raises:
        BoxError: it cannot be used; the message says why.
    """
    height, width = frame.shape[:2]
    return fit_drawn_box(box_xywh, width=width, height=height)
