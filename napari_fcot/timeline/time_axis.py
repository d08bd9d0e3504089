"""Which frames lie under which pixel columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import ConfigError

__all__ = ["TimeAxis"]

CLOSEST_FRAMES = 10
"""Zooming in ends when this many frames fill the width."""
_STEPS = (1, 2, 5)


@dataclass(frozen=True, kw_only=True)
class TimeAxis:
    """A stretch of time along a width in pixels; moved and zoomed by new ones.

    Example:
        >>> axis = TimeAxis(n_frames=100, width=50, start=0.0, span=100.0)
        >>> axis.frame_at(10.5), axis.x_of(21)
        (21, 10.5)
    """

    n_frames: int
    """Length of the video, 1 or more."""
    width: int
    """Pixels, 1 or more."""
    start: float
    """Frame number at the left border; frame i lies from i to i + 1."""
    span: float
    """Frames from the left border to the right one."""

    def __post_init__(self) -> None:
        if self.n_frames < 1 or self.width < 1:
            raise ConfigError(
                "A time axis needs at least one frame and one pixel, "
                f"got {self.n_frames} and {self.width}."
            )

    @classmethod
    def showing_all(cls, n_frames: int, width: int) -> TimeAxis:
        """Put a whole video into a width; one without frames counts as one frame."""
        n_frames = max(1, n_frames)
        return cls(
            n_frames=n_frames, width=max(1, width), start=0.0, span=float(n_frames)
        )

    @property
    def pixels_per_frame(self) -> float:
        """Width of one frame."""
        return self.width / self.span

    @property
    def shows_all(self) -> bool:
        """Whether no frame is out of view."""
        return self.span >= self.n_frames

    @property
    def first(self) -> int:
        """First frame in view."""
        return int(self.start)

    @property
    def last(self) -> int:
        """Last frame in view."""
        return min(self.n_frames, int(np.ceil(self.start + self.span))) - 1

    def frame_at(self, x: float) -> int:
        """Return the frame at a distance from the left border, the nearest there is."""
        frame = int(np.floor(self.start + x / self.pixels_per_frame))
        return min(max(frame, 0), self.n_frames - 1)

    def x_of(self, frame: float) -> float:
        """Return where a frame begins; half a frame more is its middle."""
        return (frame - self.start) * self.pixels_per_frame

    def is_in_view(self, frame_index: int) -> bool:
        """Whether the middle of a frame can be seen."""
        return self.start <= frame_index + 0.5 <= self.start + self.span

    def edges(self, density: float = 1.0) -> NDArray[np.intp]:
        """Return the frame at which each column begins, and where the last one ends.

        Args:
            density: columns a pixel, for screens that have several.

        Returns:
            Ascending, shape (columns + 1,). Column c shows the frames from `edges[c]`
            up to but without `edges[c + 1]`, and always `edges[c]`: where one frame
            has several columns, its number comes several times.
        """
        n_columns = max(1, round(self.width * density))
        places = self.start + np.arange(n_columns + 1) * (self.span / n_columns)
        edges: NDArray[np.intp] = np.floor(places).astype(np.intp)
        edges[-1] = int(np.ceil(places[-1]))
        np.clip(edges, 0, self.n_frames, out=edges)
        np.minimum(edges[:-1], self.n_frames - 1, out=edges[:-1])
        return edges

    def resized(self, width: int) -> TimeAxis:
        """Show the same frames in another width."""
        return replace(self, width=max(1, width))

    def zoomed(self, factor: float, *, x: float) -> TimeAxis:
        """Zoom in (factor above 1) or out, with the frame under `x` staying there."""
        closest = min(CLOSEST_FRAMES, self.n_frames)
        span = min(max(self.span / factor, closest), float(self.n_frames))
        kept = self.start + x / self.pixels_per_frame
        return self._placed(kept - x / self.width * span, span)

    def moved(self, frames: float) -> TimeAxis:
        """Move the view along time, not beyond the ends of the video."""
        return self._placed(self.start + frames, self.span)

    def showing(self, first: int, last: int) -> TimeAxis:
        """Fill the width with the frames from `first` to `last`."""
        closest = min(CLOSEST_FRAMES, self.n_frames)
        span = min(float(max(last - first + 1, closest)), float(self.n_frames))
        middle = (first + last + 1) / 2
        return self._placed(middle - span / 2, span)

    def turned_to(self, frame_index: int) -> TimeAxis:
        """Turn the page if a frame is out of view, so that it is near a border."""
        if self.is_in_view(frame_index):
            return self
        margin = self.span / 10
        if frame_index > self.start:
            return self._placed(frame_index - margin, self.span)
        return self._placed(frame_index + 1 + margin - self.span, self.span)

    def ticks(self, *, least_px: float) -> list[int]:
        """Return round frame numbers in view, at least so many pixels apart."""
        step = 1
        power = 1
        while step * self.pixels_per_frame < least_px:
            for factor in _STEPS:
                step = factor * power
                if step * self.pixels_per_frame >= least_px:
                    break
            power *= 10
        begin = -(-self.first // step) * step
        return list(range(begin, self.last + 1, step))

    def _placed(self, start: float, span: float) -> TimeAxis:
        latest = max(0.0, self.n_frames - span)
        return replace(self, start=min(max(start, 0.0), latest), span=span)
