"""TIFF files of several pages, one page a frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import FrameError, VideoError
from fcot_engine.video.array_frames import check_time_first
from fcot_engine.video.optional_package import require_package
from fcot_engine.video.pixel_rule import PixelRule, sample_indices
from fcot_engine.video.video_file import DEFAULT_FRAME_RATE

if TYPE_CHECKING:
    from tifffile import TiffFile

__all__ = ["TIFF_SUFFIXES", "TiffStack"]

TIFF_SUFFIXES = frozenset({".tif", ".tiff", ".btf", ".tf8"})
_PLANE_AXES = ("SYX", "YXS", "YX")  # the longest first: "YX" ends "SYX" as well


class TiffStack:
    """The pages of a TIFF file as a video; a decoder for `BufferedFrames`.

    Stacks that lie uncompressed in one piece are mapped into memory, others are read
    page by page. Pages are frames in the order of the file, whatever series they are
    grouped in, with one exception: where the file names a time axis (ImageJ and OME
    hyperstacks), that axis counts the frames. Then three channels become red, green
    and blue, of other channels the first is shown, and several depths are refused.

    Args:
        path: the file.

    Raises:
        VideoError: the file cannot be read as TIFF or its pages differ in size.
    """

    def __init__(self, path: Path) -> None:
        require_package(
            "tifffile", distribution="tifffile", purpose="Reading TIFF files"
        )
        import tifffile

        self.name = path.stem
        self.frame_rate = DEFAULT_FRAME_RATE
        self._path = path
        try:
            self._tiff = tifffile.TiffFile(path)
        except Exception as error:  # broken files make it fail in many ways
            raise VideoError(_describe_broken(path, error)) from error
        try:
            self._frames = _arrange(self._tiff, path)
            first = self._take(0)
            check_time_first((1, *first.shape), name=f"A page of {path.name}")
            self.height, self.width = first.shape[:2]
            self._shape = first.shape
            samples = (self._take(i) for i in sample_indices(len(self._frames)))
            self._rule = PixelRule.from_samples(samples)
        except VideoError:
            self._tiff.close()
            raise
        except Exception as error:
            self._tiff.close()
            raise VideoError(_describe_broken(path, error)) from error

    def __len__(self) -> int:
        return len(self._frames)

    def decode(self, index: int) -> NDArray[np.uint8]:
        """Return frame `index` as RGB, shape (height, width, 3).

        Raises:
            FrameError: the page cannot be read or has another size than the first.
        """
        pixels = self._take(index)
        if pixels.shape != self._shape:
            raise FrameError(
                f"Page {index} of {self.name} has shape {pixels.shape}, the first has "
                f"{self._shape}. All pages must be alike.",
                frame_index=index,
            )
        return self._rule.apply(pixels)

    def file_name(self, index: int) -> str:
        """`000001.jpg` for frame 0, as exports name frames that have no file."""
        return f"{index + 1:06d}.jpg"

    def close(self) -> None:
        """Close the file."""
        self._tiff.close()

    def _take(self, index: int) -> NDArray[Any]:
        try:
            return self._frames[index]
        except Exception as error:  # tifffile and its codecs fail in many ways
            raise FrameError(
                f"Page {index} of {self._path.name} cannot be read: {error}. The file "
                "is damaged or was cut off; save or copy it again.",
                frame_index=index,
            ) from error


def _describe_broken(path: Path, error: Exception) -> str:
    return (
        f"{path.name} cannot be opened as a TIFF stack: {error}. Save or copy it again."
    )


class _MappedFrames:
    """Frames of a file that is mapped into memory, time being the first axis."""

    def __init__(self, stack: NDArray[Any]) -> None:
        self._stack = stack

    def __len__(self) -> int:
        return len(self._stack)

    def __getitem__(self, index: int) -> NDArray[Any]:
        return np.asarray(self._stack[index])


class _PageFrames:
    """Frames that are read page by page.

    Args:
        tiff: the open file.
        pages: page numbers of each frame; several are joined as channels.
    """

    def __init__(self, tiff: TiffFile, pages: NDArray[np.int64]) -> None:
        self._tiff = tiff
        self._pages = pages

    def __len__(self) -> int:
        return len(self._pages)

    def __getitem__(self, index: int) -> NDArray[Any]:
        planes = [self._read(int(page)) for page in self._pages[index]]
        return planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)

    def _read(self, number: int) -> NDArray[Any]:
        page = self._tiff.pages[number]
        if page is None:
            raise FrameError(f"page {number} is missing")
        pixels: NDArray[Any] = page.asarray()
        return np.moveaxis(pixels, 0, -1) if page.axes == "SYX" else pixels


def _arrange(tiff: TiffFile, path: Path) -> _MappedFrames | _PageFrames:
    """Find out which pages, or which part of one block, make a frame."""
    series = tiff.series
    n_pages = len(tiff.pages)
    if not n_pages:
        raise VideoError(f"{path.name} holds no pages. Save it again.")
    if len(series) == 1:
        axes, shape = series[0].axes, series[0].shape
        plane = next((p for p in _PLANE_AXES if axes.endswith(p)), None)
        if plane is not None:
            outer_axes = axes[: -len(plane)]
            outer_shape = shape[: len(outer_axes)]
            if series[0].dataoffset is not None and plane != "SYX":
                import tifffile

                stack = tifffile.memmap(path, mode="r")
                return _MappedFrames(_time_first(stack, outer_axes, path))
            if int(np.prod(outer_shape)) == n_pages:
                numbers = np.arange(n_pages)
                if "T" not in outer_axes:
                    return _PageFrames(tiff, numbers[:, None])
                chosen = _choose_planes(
                    numbers.reshape(outer_shape),
                    outer_axes,
                    path,
                    joins_rgb=plane == "YX",
                )
                return _PageFrames(tiff, chosen)
    return _PageFrames(tiff, np.arange(n_pages)[:, None])


def _time_first(stack: NDArray[Any], outer_axes: str, path: Path) -> NDArray[Any]:
    """View a mapped hyperstack as (T, H, W) or (T, H, W, C)."""
    plane_shape = stack.shape[len(outer_axes) :]
    if "T" not in outer_axes:
        return stack.reshape(-1, *plane_shape)
    is_gray = len(plane_shape) == 2
    chosen = _choose_planes(stack, outer_axes, path, joins_rgb=is_gray)
    if chosen.shape[1] == 1:
        return chosen[:, 0]
    return np.moveaxis(chosen, 1, -1)


def _choose_planes(
    values: NDArray[Any], outer_axes: str, path: Path, *, joins_rgb: bool
) -> NDArray[Any]:
    """Bring the outer axes to (T, C) with C 1 or 3; what lies behind them stays."""
    n_outer = len(outer_axes)
    for axis, length in zip(outer_axes, values.shape[:n_outer], strict=True):
        if axis not in "TC" and length > 1:
            raise VideoError(
                f"{path.name} has an axis {axis} of length {length} beside time; "
                "objects are followed in flat frames. Save one plane or a projection."
            )
    keep = tuple(slice(None) if axis in "TC" else 0 for axis in outer_axes)
    kept_axes = [axis for axis in outer_axes if axis in "TC"]
    values = values[keep]
    if "C" not in kept_axes:
        return np.expand_dims(values, 1)
    values = np.moveaxis(values, kept_axes.index("T"), 0)
    return values if joins_rgb and values.shape[1] == 3 else values[:, :1]
