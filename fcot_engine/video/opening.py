"""One function that opens whatever holds frames."""

from __future__ import annotations

import os
from pathlib import Path

from fcot_engine.errors import VideoError
from fcot_engine.video.buffered_frames import DEFAULT_CACHE_BYTES, BufferedFrames
from fcot_engine.video.frame_source import FrameDecoder, FrameSource
from fcot_engine.video.image_files import (
    IMAGE_SUFFIXES,
    TIFF_SUFFIXES,
    ImageFolder,
    TiffStack,
    list_images,
)
from fcot_engine.video.video_file import VideoFile


def open_frames(
    path: str | os.PathLike[str],
    *,
    cache_bytes: int = DEFAULT_CACHE_BYTES,
    prefetch: bool = True,
) -> FrameSource:
    """Open a video file, a TIFF stack, a folder of images or a single image.

    Frames are decoded when they are read. Close the source when done with it.

    Args:
        path: the file or folder.
        cache_bytes: the most that decoded frames may take in memory, in bytes.
        prefetch: whether to decode ahead in a background thread while playing.

    Raises:
        VideoError: there is nothing there, or it cannot be opened as frames.

    Example:
        source = open_frames("video.mp4")
        frame = source.read(0)  # uint8 RGB, (height, width, 3)
        source.close()
    """
    decoder = _open_decoder(Path(path))
    try:
        return BufferedFrames(decoder, cache_bytes=cache_bytes, prefetch=prefetch)
    except BaseException:
        decoder.close()
        raise


def _open_decoder(path: Path) -> FrameDecoder:
    if path.is_dir():
        return ImageFolder(list_images(path), name=path.resolve().name)
    if not path.exists():
        raise VideoError(
            f"There is no file or folder {path}. Check the path for typing errors."
        )
    if path.is_file() and path.stat().st_size == 0:
        raise VideoError(f"{path.name} is empty (0 bytes). Copy or download it again.")
    suffix = path.suffix.lower()
    if suffix in TIFF_SUFFIXES:
        return TiffStack(path)
    if suffix in IMAGE_SUFFIXES:
        return ImageFolder([path], name=path.stem)
    return VideoFile(path)
