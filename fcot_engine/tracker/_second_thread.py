"""Work that goes on beside the rest, where a CPU has a second core for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch


class SecondThread:
    """Runs pieces of work one after the other, beside whoever waits for them.

    What a piece computes depends on nothing that goes on meanwhile, so results are the
    same as without a second thread. A GPU has queues of its own, and a single core
    nothing to gain: there a piece is done at once, by whoever starts it.
    """

    def __init__(self, device: torch.device) -> None:
        """Make it; the thread itself starts with the first piece of work."""
        is_useful = device.type == "cpu" and (os.cpu_count() or 1) > 1
        self._pool = _make_pool() if is_useful else None
        self._process_id = os.getpid()

    def __deepcopy__(self, memo: dict[int, object]) -> SecondThread:
        """A copied tracker has a thread of its own, which has nothing to do yet."""
        copied = SecondThread.__new__(SecondThread)
        copied._pool = None if self._pool is None else _make_pool()
        copied._process_id = os.getpid()
        return copied

    def start(self, work: Callable[[], None]) -> Future[None]:
        """Start on a piece of work; wait for it, and for its errors, by `result()`."""
        if self._pool is not None:
            if self._process_id != os.getpid():  # a fork takes no threads along
                self._pool, self._process_id = _make_pool(), os.getpid()
            return self._pool.submit(_run, work)
        done: Future[None] = Future()
        _run(work)
        done.set_result(None)
        return done


def _make_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "fcot")


@torch.inference_mode()
def _run(work: Callable[[], None]) -> None:
    work()
