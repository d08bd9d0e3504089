"""Frames as picture files, where the labels of a format look for them.

    FOLDER/mot/NAME/img1/000001.jpg
    FOLDER/coco/images/NAME
    FOLDER/yolo/NAME/images/NAME

Names are those that the labels give: the files' own for a folder of images, else
`000001.jpg`. The pixels are 8-bit RGB, as the tracker sees them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from fcot_engine.errors import ExportError
from fcot_engine.formats._writing import safe_name
from fcot_engine.video import FrameSource

_QUALITY = 95


def image_folders(
    folder: str | os.PathLike[str], source: FrameSource, formats: Iterable[str]
) -> list[Path]:
    """Return where the images of some formats go; formats without images have none."""
    name, top = safe_name(source.name), Path(folder)
    places = {
        "mot": top / "mot" / name / "img1",
        "coco": top / "coco" / "images",
        "yolo": top / "yolo" / name / "images",
    }
    return [places[one] for one in formats if one in places]


def export_images(
    folder: str | os.PathLike[str], source: FrameSource, formats: Iterable[str]
) -> Iterator[list[Path]]:
    """Write all frames for some formats, frame by frame.

    Args:
        folder: the one that `export_tracks` wrote into.
        source: the video; each frame is read once.
        formats: names out of `FORMATS`; those without images are passed over.

    Yields:
        The files of one more frame.

    Raises:
        ExportError: a file cannot be written; those written before stay.
        FrameError: a frame cannot be read.
    """
    from PIL import Image

    folders = image_folders(folder, source, formats)
    try:
        for place in folders:
            place.mkdir(parents=True, exist_ok=True)
        for index in range(len(source) if folders else 0):
            picture = Image.fromarray(source.read(index))
            paths = [place / Path(source.file_name(index)).name for place in folders]
            for path in paths:
                picture.save(path, quality=_QUALITY)
            yield paths
    except (OSError, ValueError) as error:  # PIL says ValueError to unknown endings
        raise ExportError(f"The images cannot be written: {error}.") from error
