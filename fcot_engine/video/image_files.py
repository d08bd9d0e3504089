"""Images as videos: folders of one image a frame, TIFF files of one page a frame."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import FrameError, ShapeError, VideoError
from fcot_engine.video.frame_source import (
    DEFAULT_FRAME_RATE,
    number_name,
    require_package,
)
from fcot_engine.video.pixel_rule import PixelRule, check_time_first, sample_indices

if TYPE_CHECKING:
    from tifffile import TiffFile

IMAGE_SUFFIXES = frozenset(
    {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
TIFF_SUFFIXES = frozenset({".tif", ".tiff", ".btf", ".tf8"})
_SEQUENCE_FOLDERS = ("img1", "img")  # where MOT and LaSOT keep a sequence's frames
_CHECKED_AT_OPENING = 50  # sizes read at once; the others are checked when decoded
_PLANE_AXES = ("SYX", "YXS", "YX")  # the longest first: "YX" ends "SYX" as well


class ImageFolder:
    """Image files of equal size as a video; a decoder for `BufferedFrames`.

    Images are decoded when they are read. Sizes of up to 50 evenly spaced files are
    compared at once, the others when they are decoded.

    Args:
        files: the images in the order of their frames, at least one.
        name: short name for messages and exports.

    Raises:
        VideoError: an image cannot be read, or sizes differ.
    """

    def __init__(self, files: Sequence[Path], *, name: str) -> None:
        require_package("PIL", distribution="pillow", purpose="Reading images")
        self.name = name
        self.frame_rate = DEFAULT_FRAME_RATE
        self._files = list(files)
        try:
            self._check_sizes()
            samples = [_read_image(files[i]) for i in sample_indices(len(files))]
            self._dtype = samples[0].dtype
            self._rule = PixelRule.from_samples(samples)
        except FrameError as error:
            raise VideoError(f"{name} cannot be opened: {error}") from error

    def __len__(self) -> int:
        return len(self._files)

    def decode(self, index: int) -> NDArray[np.uint8]:
        """Return frame `index` as RGB, shape (height, width, 3).

        Raises:
            FrameError: the image cannot be read or differs from the first one.
        """
        file = self._files[index]
        pixels = _read_image(file, frame_index=index)
        height, width = pixels.shape[:2]
        if (width, height) != (self.width, self.height):
            raise FrameError(
                _describe_size(self, file, width, height), frame_index=index
            )
        if pixels.dtype != self._dtype:
            raise FrameError(
                f"{file.name} has pixels of type {pixels.dtype}, other images of "
                f"{self.name} have {self._dtype}. Save all of them alike.",
                frame_index=index,
            )
        try:
            return self._rule.apply(pixels)
        except ShapeError as error:
            raise FrameError(f"{file.name}: {error}", frame_index=index) from error

    def file_name(self, index: int) -> str:
        """The file's own name."""
        return self._files[index].name

    def close(self) -> None:
        """Nothing stays open between two frames."""

    def _check_sizes(self) -> None:
        self.width, self.height = _read_size(self._files[0])
        for index in sample_indices(len(self._files), _CHECKED_AT_OPENING):
            width, height = _read_size(self._files[index])
            if (width, height) != (self.width, self.height):
                raise VideoError(
                    _describe_size(self, self._files[index], width, height)
                )


def list_images(folder: Path) -> list[Path]:
    """Return the images of a folder in natural order; hidden files are left out.

    A folder without images that has them in `img1` or `img`, as sequences of MOT and
    LaSOT do, stands for that one.

    Raises:
        VideoError: there are no images, or the folder cannot be read.
    """
    try:
        for path in (folder, *(folder / name for name in _SEQUENCE_FOLDERS)):
            if path.is_dir() and (files := _images_in(path)):
                return files
    except OSError as error:
        raise VideoError(
            f"The folder {folder} cannot be read: {error.strerror}. Check its "
            "permissions."
        ) from error
    kinds = ", ".join(sorted(suffix[1:] for suffix in IMAGE_SUFFIXES))
    raise VideoError(f"The folder {folder} holds no images; expected {kinds}.")


def _natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts `frame2` before `frame10`.

    Example:
        >>> sorted(["f10.png", "f9.png", "F1.png"], key=_natural_key)
        ['F1.png', 'f9.png', 'f10.png']
    """
    parts = re.split(r"([0-9]+)", name.casefold())
    return [
        (0, int(part), part) if part.isdigit() else (1, 0, part)
        for part in parts
        if part
    ]


def _read_image(file: Path, *, frame_index: int | None = None) -> NDArray[Any]:
    """Read one image, upright, as (height, width) or (height, width, channels).

    Raises:
        FrameError: the file cannot be read as an image.
    """
    try:
        if file.suffix.lower() in TIFF_SUFFIXES:
            return _read_tiff(file)
        return _read_with_pillow(file)
    except FrameError:
        raise
    except Exception as error:  # decoders fail in many ways on broken files
        raise FrameError(
            f"{file.name} cannot be read as an image: {_first_line(error)}. Replace "
            "it or take it out of the folder.",
            frame_index=frame_index,
        ) from error


def _images_in(folder: Path) -> list[Path]:
    files = [
        file
        for file in folder.iterdir()
        if file.suffix.lower() in IMAGE_SUFFIXES
        and not file.name.startswith(".")
        and file.is_file()
    ]
    return sorted(files, key=lambda file: (_natural_key(file.name), file.name))


def _read_with_pillow(file: Path) -> NDArray[Any]:
    from PIL import Image, ImageOps

    with Image.open(file) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.mode in ("LA", "La"):
            image = image.convert("L")
        elif image.mode not in ("1", "L", "RGB", "RGBA", "I", "F") and not (
            image.mode.startswith("I;16")
        ):
            image = image.convert("RGB")
        return np.asarray(image)


def _read_tiff(file: Path) -> NDArray[Any]:
    import tifffile

    with tifffile.TiffFile(file) as opened:
        return _read_page(opened.pages.first)


def _read_page(page: Any) -> NDArray[Any]:
    """Read one page of a TIFF file with its channels last."""
    pixels: NDArray[Any] = page.asarray()
    return np.moveaxis(pixels, 0, -1) if page.axes == "SYX" else pixels


def _read_size(file: Path) -> tuple[int, int]:
    """Width and height from the header where that is enough, in pixels."""
    if file.suffix.lower() not in TIFF_SUFFIXES:
        from PIL import Image

        try:
            with Image.open(file) as image:
                turned = image.getexif().get(0x0112, 1) >= 5  # the Orientation tag
                width, height = image.size
                return (height, width) if turned else (width, height)
        except Exception as error:  # as in _read_image
            raise FrameError(
                f"{file.name} cannot be read as an image: {_first_line(error)}. "
                "Replace it or take it out of the folder."
            ) from error
    height, width = _read_image(file).shape[:2]
    return width, height


def _describe_size(folder: ImageFolder, file: Path, width: int, height: int) -> str:
    return (
        f"{file.name} has {width}x{height} pixels, the first image of {folder.name} "
        f"has {folder.width}x{folder.height}. All images of a folder must be of one "
        "size."
    )


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


# --- TIFF files of several pages -------------------------------------------------


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
        return number_name(index)

    def close(self) -> None:
        """Close the file."""
        self._tiff.close()

    def _take(self, index: int) -> NDArray[Any]:
        try:
            return np.asarray(self._frames[index])
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
        return _read_page(page)


def _arrange(tiff: TiffFile, path: Path) -> NDArray[Any] | _PageFrames:
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
                return _time_first(stack, outer_axes, path)
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
