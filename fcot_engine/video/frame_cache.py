"""Decoded frames kept by recency, bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

__all__ = ["FrameCache"]


class FrameCache:
    """The most recently used frames of one video.

    Not thread safe by itself: the owner holds a lock.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._n_bytes = 0
        self._frames: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._frames)

    def __contains__(self, index: object) -> bool:
        return index in self._frames

    @property
    def n_bytes(self) -> int:
        """Bytes that the kept frames take."""
        return self._n_bytes

    def get(self, index: int) -> NDArray[np.uint8] | None:
        """Return a kept frame and mark it as used, or None."""
        frame = self._frames.get(index)
        if frame is not None:
            self._frames.move_to_end(index)
        return frame

    def put(self, index: int, frame: NDArray[np.uint8]) -> None:
        """Keep a frame; the ones that were not used for longest go.

        A frame larger than the whole cache is not kept.
        """
        if frame.nbytes > self._max_bytes:
            return
        old = self._frames.pop(index, None)
        self._n_bytes += frame.nbytes - (0 if old is None else old.nbytes)
        self._frames[index] = frame
        while self._n_bytes > self._max_bytes:
            _, oldest = self._frames.popitem(last=False)
            self._n_bytes -= oldest.nbytes

    def clear(self) -> None:
        """Forget all frames."""
        self._frames.clear()
        self._n_bytes = 0
