"""One background thread that works through the latest wish list."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

__all__ = ["Prefetcher"]

_IDLE_S = 2.0  # an idle thread ends, so a forgotten source does not keep one


class Prefetcher:
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
