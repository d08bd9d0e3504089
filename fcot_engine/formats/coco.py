"""Tracks as COCO JSON with the keys that video data sets add.

One file serves readers of COCO, TAO and CocoVID: `videos`, `tracks`, `images` (all
frames of the video), `annotations`, `categories`. Coordinates are pixels from 0, boxes
`[x, y, width, height]`; all ids count from 1, `frame_id` and `frame_index` from 0.
Track ids stand in the annotation and again in its `attributes`, since some readers keep
only those; there is also where the box came from (`source`: human, corrected, tracked,
interpolated, imported), whether a person stands behind it (`keyframe`), whether the
target is `occluded` there, the tracker's `score`, its `engine` and `weights`, and what
a person said about the target. `tracks` have name, colour, attributes, and the
stretches `[first, last]` in which the target is `occluded` or `out_of_view`.

Frames where the target was lost have no annotation: a reader would take the last known
place for a seen target. They are listed as `lost_frames` of their track, from 0.
`fcot_engine.formats.read_coco` reads all but those back.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from fcot_engine.atomic_write import write_together
from fcot_engine.formats.coco_reading import parse_coco
from fcot_engine.formats.export_proof import prove, prove_tracks
from fcot_engine.formats.exported_boxes import class_names, class_number, rows_by_frame
from fcot_engine.formats.track_notes import encode_box, encode_notes
from fcot_engine.session import Track, TrackBox, TrackStore
from fcot_engine.video import FrameSource

__all__ = ["write_coco"]

_VIDEO_ID = 1
_OWN_KEYS = {
    *("track_id", "occluded", "keyframe", "source", "score", "engine", "weights")
}
"""Attributes of a box that a person's own must not take the place of."""


def write_coco(
    path: str | os.PathLike[str], store: TrackStore, source: FrameSource
) -> Path:
    """Write the tracks of a video as one COCO file; see the module's docstring.

    Args:
        path: the file; its folder is made if needed, an old file is replaced.
        store: the tracks.
        source: the video they belong to.

    Returns:
        The file.

    Raises:
        ExportError: there is nothing to write, writing fails, or what was written is
            not read again as it was; then nothing is changed.
    """
    rows = rows_by_frame(store, source)
    names = class_names(store)
    document = {
        "info": {"description": f"Tracks of {source.name}", "version": "1.0"},
        "licenses": [],
        "videos": [_video(source)],
        "categories": [
            {"id": number, "name": name} for number, name in enumerate(names, 1)
        ],
        "tracks": [_track(track, names) for track in store],
        "images": [_image(source, index) for index in range(len(source))],
        "annotations": [
            _annotation(number, box, track, class_number(track, names))
            for number, (box, track) in enumerate(
                ((box, track) for box, track in rows if not box.is_lost), 1
            )
        ],
    }
    with write_together() as files:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        files.write_text(Path(path), text + "\n")

        def check() -> str | None:
            read = parse_coco(files.read_back(Path(path)), file_name=Path(path).name)
            return prove_tracks(store, read.store, keeps_lost=False)

        prove("COCO annotations", check)
    return files.paths[0]


def _video(source: FrameSource) -> dict[str, Any]:
    return {
        "id": _VIDEO_ID,
        "name": source.name,
        "width": source.width,
        "height": source.height,
        "fps": source.frame_rate,
        "length": len(source),
        "neg_category_ids": [],
        "not_exhaustive_category_ids": [],
    }


def _track(track: Track, names: list[str]) -> dict[str, Any]:
    return {
        "id": track.track_id,
        "category_id": class_number(track, names),
        "video_id": _VIDEO_ID,
        "lost_frames": [box.frame_index for box in track if box.is_lost],
        **encode_notes(track),
    }


def _image(source: FrameSource, index: int) -> dict[str, Any]:
    return {
        "id": index + 1,
        "file_name": source.file_name(index),
        "width": source.width,
        "height": source.height,
        "video_id": _VIDEO_ID,
        "frame_index": index,
        "frame_id": index,
    }


def _annotation(
    number: int, box: TrackBox, track: Track, category_id: int
) -> dict[str, Any]:
    x, y, w, h = (round(float(value), 4) for value in box.box_xywh)
    return {
        "id": number,
        "image_id": box.frame_index + 1,
        "video_id": _VIDEO_ID,
        "category_id": category_id,
        "bbox": [x, y, w, h],
        "area": round(w * h, 4),
        "iscrowd": 0,
        "segmentation": [],
        "track_id": track.track_id,
        "instance_id": track.track_id,
        "attributes": {
            **{k: v for k, v in track.info.attributes.items() if k not in _OWN_KEYS},
            "track_id": track.track_id,
            "occluded": track.info.is_occluded(box.frame_index),
            "keyframe": box.origin.is_human,
            **encode_box(box),
        },
    }
