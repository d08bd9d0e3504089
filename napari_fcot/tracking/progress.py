"""How far a run is, how fast it goes, and how long it still takes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

__all__ = ["Progress", "format_seconds"]

WINDOW = 30
"""Frames over which the speed is averaged: steady, yet quick to follow a change."""


@dataclass
class Progress:
    """Frames done out of a total, with the times at which they came.

    Example:
        >>> progress = Progress(total=10)
        >>> for second in range(3):
        ...     progress.advance(at_s=float(second))
        >>> progress.frames_per_s, progress.seconds_left
        (1.0, 7.0)
    """

    total: int
    """Frames to track, 1 or more."""
    done: int = 0
    """Frames tracked so far."""
    _marks: deque[tuple[float, int]] = field(
        default_factory=lambda: deque(maxlen=WINDOW + 1), repr=False
    )

    def advance(
        self, *, at_s: float, done: int | None = None, total: int | None = None
    ) -> None:
        """Count one more frame, finished at `at_s` on any steady clock.

        Args:
            at_s: when.
            done: frames done in all, where others were done beside it.
            total: frames in all, where that has changed.
        """
        self.done = self.done + 1 if done is None else done
        self.total = self.total if total is None else max(total, 1)
        self._marks.append((at_s, self.done))

    @property
    def frames_per_s(self) -> float | None:
        """Speed over the last frames, or None before there are two of them."""
        if len(self._marks) < 2:
            return None
        (start_s, first), (end_s, last) = self._marks[0], self._marks[-1]
        return (last - first) / (end_s - start_s) if end_s > start_s else None

    @property
    def seconds_left(self) -> float | None:
        """Time the rest takes at the present speed, or None while it is unknown."""
        speed = self.frames_per_s
        return (self.total - self.done) / speed if speed else None

    def describe(self, *, is_running: bool) -> str:
        """Say it in one line, such as `12/199 · 14.2 frames/s · 0:13 left`."""
        parts = [f"{self.done}/{self.total}"]
        speed, left = self.frames_per_s, self.seconds_left
        if speed is not None:
            parts.append(f"{speed:.1f} frames/s")
        if left and is_running:
            parts.append(f"{format_seconds(left)} left")
        return " · ".join(parts)


def format_seconds(seconds: float) -> str:
    """Write a time span as `m:ss` or `h:mm:ss`, rounded up so it never says 0 early.

    Example:
        >>> format_seconds(3725), format_seconds(0.2)
        ('1:02:05', '0:01')
    """
    whole = int(-(-seconds // 1))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
