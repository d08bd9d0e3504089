"""File > Save of our layers: the boxes of all frames, in formats that others read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SESSION_KEY = "napari-fcot-session"
"""Where our layers keep a weak reference to the session that they show a part of."""


def write_boxes(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write all boxes that a layer of ours stands for, not only those that it shows.

    Args:
        path: `.json` for COCO, `.xml` for CVAT, `.txt` for MOT, which takes a folder:
            the one of that name without `.txt`.
        data: what the layer shows; of one frame at most.
        attributes: of the layer.

    Returns:
        The files; none if they cannot be written, which is said in one line.
    """
    from napari.utils.notifications import show_error

    from fcot_engine.errors import FcotError
    from fcot_engine.formats import write_coco, write_cvat, write_mot

    reference = attributes.get("metadata", {}).get(SESSION_KEY)
    session = None if reference is None else reference()
    if session is None:
        show_error("Only the layers of an open Track boxes panel are saved this way.")
        return []
    boxes, source, suffix = (
        session.copy_annotations(),
        session.source,
        Path(path).suffix,
    )
    try:
        if suffix == ".json":
            return [str(write_coco(path, boxes, source))]
        if suffix == ".xml":
            return [str(write_cvat(path, boxes, source))]
        files = write_mot(Path(path).with_suffix(""), boxes, source)
        return [str(file) for file in files]
    except (FcotError, OSError) as error:
        show_error(str(error))
        return []
