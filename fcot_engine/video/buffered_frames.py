"""A frame source made of a plain decoder, a bounded cache and a look-ahead."""

from __future__ import annotations

import logging
import operator
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import FcotError, FrameError, FrameIndexError
from fcot_engine.video.frame_source import FrameDecoder, check_frame_size

DEFAULT_CACHE_BYTES = 256 * 2**20
"""Room for 43 frames of 1920x1080."""

_LOOK_AHEAD = 4  # frames decoded before they are asked for, when playing forward
# A step back costs a decode from the last keyframe on, so a block of frames is taken on
# the way. Blocks start at multiples of their length, so that they never overlap.
_LONGEST_BLOCK = 32
_IDLE_S = 2.0  # an idle thread ends, so a forgotten source does not keep one


class BufferedFrames:
    """Numbered RGB frames, read at random, with a bounded cache.

    A `FrameSource`. Any thread may read. Once
    frames are read in steps of one, the next ones in that direction are decoded in the
    background.

    Args:
        decoder: where frames come from; closed with this object.
        cache_bytes: the most that decoded frames may take, in bytes.
        prefetch: whether to decode ahead in a background thread.
    """

    def __init__(
        self,
        decoder: FrameDecoder,
        *,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
        prefetch: bool = True,
    ) -> None:
        check_frame_size(decoder.width, decoder.height, name=decoder.name)
        self._decoder = decoder
        self._cache = _FrameCache(cache_bytes)
        self._cache_lock = threading.Lock()  # held for moments only
        self._decode_lock = threading.Lock()  # held while a frame is decoded
        self._is_closed = False
        self._last_index: int | None = None
        frame_bytes = decoder.width * decoder.height * 3
        room = cache_bytes // frame_bytes
        self._block = max(1, min(room // 4, _LONGEST_BLOCK))
        can_prefetch = prefetch and room >= 2 * _LOOK_AHEAD
        self._prefetcher = _Prefetcher(self._fill) if can_prefetch else None

    @property
    def name(self) -> str:
        """Short name for messages and exports, such as the file's stem."""
        return self._decoder.name

    @property
    def width(self) -> int:
        """Width of every frame in pixels."""
        return self._decoder.width

    @property
    def height(self) -> int:
        """Height of every frame in pixels."""
        return self._decoder.height

    @property
    def frame_rate(self) -> float:
        """Mean frames per second; 25.0 where the source does not say."""
        return self._decoder.frame_rate

    @property
    def frame_times_s(self) -> NDArray[np.float64] | None:
        """When each frame is shown, in seconds; None where the source does not say."""
        return getattr(self._decoder, "frame_times_s", None)

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._decoder)

    def __repr__(self) -> str:
        size = f"{len(self)} frames of {self.width}x{self.height}"
        return f"<{type(self).__name__} {self.name!r}: {size}>"

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return frame `index` (0-based) as RGB, shape (height, width, 3).

        The array is shared with the cache: copy it before you write to it.

        Raises:
            FrameIndexError: `index` is negative or not below `len(self)`.
            FrameError: the frame cannot be decoded, or the source is closed.
        """
        index = self._checked(index)
        with self._cache_lock:
            step = 0 if self._last_index is None else index - self._last_index
            self._last_index = index
            frame = self._cache.get(index)
        if frame is None:
            frame = self._decode(index, going_back=step == -1)
        if self._prefetcher is not None and step in (-1, 1):
            self._prefetcher.request(self._indices_ahead(index, step))
        return frame

    def file_name(self, index: int) -> str:
        """Name of the frame for exports: a folder's file, or `000001.jpg` style.

        Raises:
            FrameIndexError: `index` is negative or not below `len(self)`.
        """
        return self._decoder.file_name(self._checked(index, needs_open=False))

    def close(self) -> None:
        """Give file handles and threads back; reading afterwards raises."""
        self._is_closed = True
        if self._prefetcher is not None:
            self._prefetcher.close()
        with self._decode_lock, self._cache_lock:
            self._cache.clear()
            self._decoder.close()

    def _checked(self, index: int, *, needs_open: bool = True) -> int:
        if needs_open and self._is_closed:
            raise FrameError(f"{self.name} is closed; open it again to read frames.")
        try:
            number = operator.index(index)
        except TypeError as error:
            raise FrameIndexError(
                f"A frame number must be a whole number, got {index!r}."
            ) from error
        if not 0 <= number < len(self):
            raise FrameIndexError(
                f"{self.name} has no frame {number}: it has {len(self)} frames, "
                f"0 to {len(self) - 1}.",
                frame_index=number,
            )
        return number

    def _decode(self, index: int, *, going_back: bool) -> NDArray[np.uint8]:
        with self._decode_lock:
            if going_back and self._peek(index) is None:
                for before in range(self._block_start(index), index):
                    self._keep(before)
            return self._decode_locked(index)

    def _decode_locked(self, index: int) -> NDArray[np.uint8]:
        frame = self._peek(index)  # another thread may have been faster
        if frame is None:
            if self._is_closed:
                raise FrameError(f"{self.name} was closed while reading it.")
            frame = self._decoder.decode(index)
            with self._cache_lock:
                self._cache.put(index, frame)
        return frame

    def _peek(self, index: int) -> NDArray[np.uint8] | None:
        with self._cache_lock:
            return self._cache.get(index)

    def _keep(self, index: int) -> None:
        """Decode a frame nobody asked for yet; whoever asks will get the error."""
        try:
            self._decode_locked(index)
        except FcotError as error:
            logging.getLogger(__name__).debug("ahead of time: %s", error)

    def _fill(self, index: int) -> None:
        with self._decode_lock:
            if not self._is_closed:
                self._keep(index)

    def _block_start(self, index: int) -> int:
        return index - index % self._block

    def _indices_ahead(self, index: int, step: int) -> list[int]:
        """Return the next frames in play direction that are not kept yet, ascending."""
        if step > 0:
            ahead = range(index + 1, min(index + 1 + _LOOK_AHEAD, len(self)))
        else:
            ahead = range(self._block_start(max(0, index - _LOOK_AHEAD)), index)
        with self._cache_lock:
            return [i for i in ahead if i not in self._cache]


class _FrameCache:
    """The most recently used frames of one video.

    Not thread safe by itself: the owner holds a lock.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._n_bytes = 0
        self._frames: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()

    def __contains__(self, index: object) -> bool:
        return index in self._frames

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


class _Prefetcher:
    """Calls `fill` for wanted numbers in a thread of its own.

    A new request replaces what is left of the one before. The thread starts with the
    first request, ends after two idle seconds and starts again when needed.

    Args:
        fill: does the work for one number; must not raise.
    """

    def __init__(self, fill: Callable[[int], None]) -> None:
        self._fill = fill
        self._changed = threading.Condition()
        self._wanted: deque[int] = deque()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def request(self, indices: Iterable[int]) -> None:
        """Ask for these numbers, in this order, instead of the earlier ones."""
        with self._changed:
            self._wanted = deque(indices)
            if not self._wanted or self._is_closed:
                return
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="fcot-prefetch", daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Drop all wishes and wait for the thread to end."""
        with self._changed:
            self._is_closed = True
            self._wanted.clear()
            thread = self._thread
            self._changed.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while (index := self._next()) is not None:
            self._fill(index)

    def _next(self) -> int | None:
        with self._changed:
            if not self._wanted and not self._is_closed:
                self._changed.wait(_IDLE_S)
            if self._is_closed or not self._wanted:
                self._thread = None
                return None
            return self._wanted.popleft()
