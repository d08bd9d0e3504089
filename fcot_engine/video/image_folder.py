"""Folders of images, one image a frame."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import FrameError, ShapeError, VideoError
from fcot_engine.video.optional_package import require_package
from fcot_engine.video.pixel_rule import PixelRule, sample_indices
from fcot_engine.video.video_file import DEFAULT_FRAME_RATE

__all__ = ["IMAGE_SUFFIXES", "ImageFolder", "list_images", "natural_key", "read_image"]

IMAGE_SUFFIXES = frozenset(
    {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
_TIFF_SUFFIXES = frozenset({".tif", ".tiff"})
_SEQUENCE_FOLDERS = ("img1", "img")  # where MOT and LaSOT keep a sequence's frames
_CHECKED_AT_OPENING = 50  # sizes read at once; the others are checked when decoded


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
            samples = [read_image(files[i]) for i in sample_indices(len(files))]
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
        pixels = read_image(file, frame_index=index)
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
        for place in (folder, *(folder / name for name in _SEQUENCE_FOLDERS)):
            if place.is_dir() and (files := _images_in(place)):
                return files
    except OSError as error:
        raise VideoError(
            f"The folder {folder} cannot be read: {error.strerror}. Check its "
            "permissions."
        ) from error
    kinds = ", ".join(sorted(suffix[1:] for suffix in IMAGE_SUFFIXES))
    raise VideoError(f"The folder {folder} holds no images; expected {kinds}.")


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts `frame2` before `frame10`.

    Example:
        >>> sorted(["f10.png", "f9.png", "F1.png"], key=natural_key)
        ['F1.png', 'f9.png', 'f10.png']
    """
    parts = re.split(r"([0-9]+)", name.casefold())
    return [
        (0, int(part), part) if part.isdigit() else (1, 0, part)
        for part in parts
        if part
    ]


def read_image(file: Path, *, frame_index: int | None = None) -> NDArray[Any]:
    """Read one image, upright, as (height, width) or (height, width, channels).

    Raises:
        FrameError: the file cannot be read as an image.
    """
    try:
        if file.suffix.lower() in _TIFF_SUFFIXES:
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
    return sorted(files, key=lambda file: (natural_key(file.name), file.name))


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
        page = opened.pages.first
        pixels: NDArray[Any] = page.asarray()
        return np.moveaxis(pixels, 0, -1) if page.axes == "SYX" else pixels


def _read_size(file: Path) -> tuple[int, int]:
    """Width and height from the header where that is enough, in pixels."""
    if file.suffix.lower() not in _TIFF_SUFFIXES:
        from PIL import Image

        try:
            with Image.open(file) as image:
                turned = image.getexif().get(0x0112, 1) >= 5  # the Orientation tag
                width, height = image.size
                return (height, width) if turned else (width, height)
        except Exception as error:  # as in read_image
            raise FrameError(
                f"{file.name} cannot be read as an image: {_first_line(error)}. "
                "Replace it or take it out of the folder."
            ) from error
    height, width = read_image(file).shape[:2]
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
