"""How pixels of any kind become the 8-bit RGB that trackers and viewers get.

- 8-bit values (uint8) are taken as they are, bool becomes 0 and 255.
- Gray is repeated three times; of RGBA the alpha is ignored.
- Wider integers and floats are scaled by one range `low`..`high` to 0..255 and cut at
  both ends. The range is decided once for a video, from a few evenly spaced frames,
  so that the same value looks the same in all frames.
- Floats that lie wholly within [0, 1] use the range 0..1. Otherwise the range goes
  from the 0.1 % to the 99.9 % quantile of the sampled pixels, so that a few hot or
  dead pixels do not darken the whole video.
- NaN and infinite values become 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import FrameError, ShapeError

_QUANTILES = (0.001, 0.999)
_PIXELS_PER_SAMPLE = 200_000  # enough for a 0.1 % quantile, quick for 4K frames


@dataclass(frozen=True)
class PixelRule:
    """The range of values that is spread over 0..255; see the module's docstring."""

    low: float = 0.0
    """This value and everything below it becomes 0."""
    high: float = 255.0
    """This value and everything above it becomes 255."""

    @classmethod
    def from_samples(cls, frames: Iterable[NDArray[Any]]) -> PixelRule:
        """Decide the range from a few frames of one video.

        Args:
            frames: arrays of one dtype, (height, width) or (height, width, channels).

        Raises:
            FrameError: the pixels are no real numbers.
        """
        pixels = []
        is_float = False
        for frame in frames:
            values = np.asarray(frame)
            _check_dtype(values.dtype)
            if values.dtype in (np.uint8, np.bool_):
                return AS_IS
            is_float = is_float or values.dtype.kind == "f"
            flat = _without_alpha(values).reshape(-1)
            flat = flat[:: max(1, flat.size // _PIXELS_PER_SAMPLE)].astype(np.float64)
            pixels.append(flat[np.isfinite(flat)])
        joined = np.concatenate(pixels) if pixels else np.empty(0)
        if not joined.size:
            return cls(0.0, 1.0)
        if is_float and joined.min() >= 0 and joined.max() <= 1:
            return cls(0.0, 1.0)
        low, high = np.quantile(joined, _QUANTILES)
        if low == high:  # almost all pixels are equal: look at the few others
            low, high = joined.min(), joined.max()
        return cls(float(low), float(high))

    def apply(self, frame: NDArray[Any]) -> NDArray[np.uint8]:
        """Turn one frame into RGB.

        Args:
            frame: (height, width) or (height, width, C) with C 1, 3 or 4.

        Returns:
            A new C-contiguous array of shape (height, width, 3).

        Raises:
            ShapeError: another shape.
            FrameError: the pixels are no real numbers.
        """
        values = np.asarray(frame)
        _check_dtype(values.dtype)
        if values.ndim == 2:
            values = values[..., None]
        if values.ndim != 3 or values.shape[-1] not in (1, 3, 4):
            raise ShapeError(
                "A frame must have shape (height, width) or (height, width, channels) "
                f"with 1, 3 or 4 channels, got {np.shape(frame)}."
            )
        bytes_ = self._to_uint8(_without_alpha(values))
        rgb = np.empty((*bytes_.shape[:2], 3), np.uint8)
        rgb[:] = bytes_  # repeats a single channel
        return rgb

    def _to_uint8(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        if values.dtype == np.uint8:
            return values
        if values.dtype == np.bool_:
            return values.astype(np.uint8) * np.uint8(255)
        # float32 holds 16-bit integers exactly; wider values need float64
        work = np.float32 if values.dtype.itemsize <= 2 else np.float64
        scaled: NDArray[Any] = values.astype(work)
        is_finite = np.isfinite(scaled)
        if self.high > self.low:
            # extreme floats may overflow in between; they are cut just below
            with np.errstate(over="ignore", invalid="ignore"):
                scaled -= self.low
                scaled *= 255 / (self.high - self.low)
        else:  # all pixels are equal as far as anyone looked
            scaled = (scaled > self.high) * 255.0
        scaled[~is_finite] = 0
        result: NDArray[np.uint8] = np.rint(scaled.clip(0, 255)).astype(np.uint8)
        return result


AS_IS = PixelRule()
"""The rule of 8-bit and bool videos."""


def to_rgb8(frame: NDArray[Any], rule: PixelRule | None = None) -> NDArray[np.uint8]:
    """Turn one frame of any kind into 8-bit RGB.

    Args:
        frame: (height, width) or (height, width, C) with C 1, 3 or 4.
        rule: the rule of the video it belongs to; None decides from this frame alone.

    Returns:
        A new array of shape (height, width, 3).

    Raises:
        ShapeError: another shape.
        FrameError: the pixels are no real numbers.

    Example:
        >>> to_rgb8(np.array([[0.0, 0.5, 1.0, np.nan]]))[0, :, 0]
        array([  0, 128, 255,   0], dtype=uint8)
    """
    return (rule or PixelRule.from_samples([frame])).apply(frame)


def check_time_first(shape: tuple[int, ...], *, name: str) -> None:
    """Raise `ShapeError` unless `shape` is (T, H, W) or (T, H, W, C), C in 1, 3, 4."""
    wanted = "(time, height, width) or (time, height, width, channels)"
    shown = f"{name} has shape {tuple(shape)}"
    if len(shape) == 2 or (len(shape) == 3 and shape[-1] in (3, 4)):
        raise ShapeError(
            f"{shown}, which is a single image without a time axis; expected {wanted}. "
            "Stack the frames along a new first axis."
        )
    if len(shape) not in (3, 4):
        raise ShapeError(
            f"{shown}; expected {wanted}. Choose one position along the other axes."
        )
    if len(shape) == 4 and shape[-1] not in (1, 3, 4):
        raise ShapeError(
            f"{shown}; expected {wanted} with 1, 3 or 4 channels. Choose one plane or "
            "channel, or move the colour axis to the end."
        )
    if 0 in shape:
        raise ShapeError(f"{shown}, so it has no pixels; expected {wanted}.")


def sample_indices(count: int, samples: int = 5) -> list[int]:
    """Return up to `samples` evenly spaced numbers out of 0..count-1, in order.

    Example:
        >>> sample_indices(101), sample_indices(2)
        ([0, 25, 50, 75, 100], [0, 1])
    """
    return sorted({int(i) for i in np.linspace(0, count - 1, min(count, samples))})


def _without_alpha(values: NDArray[Any]) -> NDArray[Any]:
    is_rgba = values.ndim == 3 and values.shape[-1] == 4
    return values[..., :3] if is_rgba else values


def _check_dtype(dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "buif":
        raise FrameError(
            f"Pixels must be whole or real numbers or bool, got {dtype}. Convert the "
            "frames first, complex values for instance to their magnitude."
        )
