"""A picture of a finished job: some frames with their boxes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fcot_engine.errors import ExportError, FrameError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from fcot_engine.annotation import Annotations, Box
    from fcot_engine.video import FrameSource

COLUMNS, ROWS = 4, 3
TILE_WIDTH = 320
GAP_PX = 4
HUMAN_COLOR, TRACKED_COLOR, LOST_COLOR = "#ffd54a", "#39e58c", "#ff5a5a"


def choose_frames(annotations: Annotations, count: int = COLUMNS * ROWS) -> list[int]:
    """Return up to `count` evenly spaced frames that have a box, both ends too."""
    frames = sorted({f for t in annotations for f in t.boxes.frames().tolist()})
    places = np.linspace(0, len(frames) - 1, min(count, len(frames)))
    return [frames[round(place)] for place in places]


def draw_preview(source: FrameSource, annotations: Annotations) -> Picture:
    """Draw some frames with their boxes beside each other.

    Boxes are yellow where a person drew them, green where they were tracked, red where
    the target was lost. Frames that cannot be read are left out.
    """
    from PIL import Image

    tiles = []
    for index in choose_frames(annotations):
        try:
            frame = source.read(index)
        except FrameError:
            continue
        boxes = list(annotations.boxes_at(index).values())
        tiles.append(_draw_tile(Image.fromarray(frame), index, boxes))
    columns = min(COLUMNS, max(len(tiles), 1))
    rows = max(-(-len(tiles) // columns), 1)
    width, height = tiles[0].size if tiles else (TILE_WIDTH, TILE_WIDTH)
    step_x, step_y = width + GAP_PX, height + GAP_PX
    sheet = Image.new("RGB", (columns * step_x - GAP_PX, rows * step_y - GAP_PX))
    for place, tile in enumerate(tiles):
        sheet.paste(tile, (place % columns * step_x, place // columns * step_y))
    return sheet


def write_preview(path: Path, source: FrameSource, annotations: Annotations) -> None:
    """Write the preview as PNG, beside the old file and then renamed.

    Raises:
        ExportError: it cannot be written; nothing half-written is left.
    """
    picture = draw_preview(source, annotations)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(draft, format="PNG")
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # its folder may be missing, too
            draft.unlink()
        raise ExportError(
            f"The preview cannot be written to {path}: {error}. "
            "Free some space or choose another folder."
        ) from error


def _draw_tile(frame: Picture, index: int, boxes: Sequence[Box]) -> Picture:
    from PIL import ImageDraw

    ratio = TILE_WIDTH / frame.width
    tile = frame.resize((TILE_WIDTH, max(1, round(frame.height * ratio))))
    draw = ImageDraw.Draw(tile)
    for box in boxes:
        x, y, w, h = (value * ratio for value in box.box_xywh)
        left, top = round(x), round(y)  # first and last pixels inside the box
        right, bottom = max(round(x + w) - 1, left), max(round(y + h) - 1, top)
        draw.rectangle((left, top, right, bottom), outline=_color(box), width=2)
    draw.text((6, 4), str(index), fill="white", stroke_width=2, stroke_fill=0)
    return tile


def _color(box: Box) -> str:
    if box.is_human:
        return HUMAN_COLOR
    return LOST_COLOR if box.is_lost else TRACKED_COLOR
