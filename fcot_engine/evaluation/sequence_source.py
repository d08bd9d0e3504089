"""A sequence with ground truth, seen as a video."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fcot_engine.evaluation.sequences import EvalSequence

__all__ = ["SequenceSource"]


class SequenceSource:
    """The frames of a sequence as a `FrameSource`; says nothing of the truth.

    Raises:
        FrameError: the first frame, which tells the size, cannot be decoded.
    """

    frame_rate = 25.0

    def __init__(self, sequence: EvalSequence) -> None:
        self._sequence = sequence
        self.name = sequence.name
        self.height, self.width = sequence.read(0).shape[:2]

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._sequence)

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return frame `index` as RGB, shape (height, width, 3)."""
        return self._sequence.read(index)

    def file_name(self, index: int) -> str:
        """Name of the image."""
        return self._sequence.image_paths[index].name

    def close(self) -> None:
        """Do nothing: no file stays open."""
