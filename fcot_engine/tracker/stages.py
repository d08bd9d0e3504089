"""How long the stages of a step take, for whoever asks."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import ParamSpec, TypeVar

import torch

STAGES = ("upload", "cut", "network", "filters", "box", "learning")
"""In the order of a step; they never lie within each other. Learning goes on beside the
others where there is a core for it."""

P = ParamSpec("P")
R = TypeVar("R")

_NOTHING: AbstractContextManager[object] = contextlib.nullcontext()
_lock = threading.Lock()
_seconds: dict[str, float] | None = None


@contextlib.contextmanager
def time_stages() -> Iterator[dict[str, float]]:
    """Add up the seconds of each stage, of all trackers of the process, in a block.

    On CUDA each stage then waits for the GPU, which makes steps slower than they are.
    """
    global _seconds
    _seconds = dict.fromkeys(STAGES, 0.0)
    try:
        yield _seconds
    finally:
        _seconds = None


def mark_stage(stage: str) -> AbstractContextManager[object]:
    """Mark a block as a stage; it costs nothing as long as nobody asks."""
    return _NOTHING if _seconds is None else _time(stage)


@contextlib.contextmanager
def _time(stage: str) -> Iterator[None]:
    start = _read_clock()
    try:
        yield
    finally:
        taken = _read_clock() - start
        with _lock:
            if _seconds is not None:
                _seconds[stage] += taken


def _read_clock() -> float:
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return time.perf_counter()


def is_stage(stage: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark all calls of a function as a stage."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def marked(*args: P.args, **kwargs: P.kwargs) -> R:
            with mark_stage(stage):
                return function(*args, **kwargs)

        return marked

    return decorate
