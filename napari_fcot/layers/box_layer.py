"""The boxes of the frame on the screen, in one small Shapes layer.

The layer is a view: it is rewritten for another frame, and what a person does to it
comes back as signals about targets and boxes. It never holds more than one frame, since
napari slows down with every shape it has, also with those that are not shown. Its
table of features says for each box whose it is and where it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Layer, Shapes
from numpy.typing import NDArray
from psygnal import Signal

from fcot_engine.geometry import BoxXywh
from napari_fcot.layers.pixel_frame import (
    box_to_corners,
    corners_to_box,
    pixel_to_world,
    plane_of,
)
from napari_fcot.layers.video_layer import OURS_KEY

BOXES_NAME = "FCOT boxes"
_EDGE_WIDTH_SHARE = 1 / 220
"""Edge width over the frame's longer side: about 4 screen pixels in a usual window."""
_ALLOWED_MODES = {"pan_zoom", "select", "add_rectangle"}
_MODE_INSTEAD = {
    "direct": "select",
    "vertex_insert": "select",
    "vertex_remove": "select",
    "transform": "select",
}
TEXT_SIZE = 9
ASIDE_PX = 1e6
"""Further than a view of a video reaches."""


class BoxLayer:
    """Shows boxes in a Shapes layer and tells what a person did to them.

    Args:
        video: the layer that the boxes lie over.
        width: width of the video in pixels.
        height: height of the video in pixels.
    """

    drawn = Signal(object)
    """A new box: `BoxXywh`."""
    clicked = Signal()
    """A click that was meant to draw, without a drag: there is no box."""
    edited = Signal(int, object)
    """A box that was moved, resized or turned: track id, `BoxXywh`."""
    deleted = Signal(int)
    """The box of a target was deleted: track id."""
    picked = Signal(int)
    """The box of a target was clicked on: track id."""
    released = Signal()
    """The mouse button was let go; a postponed `show` can be done."""
    turned = Signal()
    """A box was turned by napari's handle, which is no box any more."""
    tool_changed = Signal()
    """Another tool is at hand: `is_editing` or `is_drawing` may be different."""

    def __init__(self, video: Layer, *, width: int, height: int) -> None:
        self._rows: list[ShownBox] = []
        self._is_writing = False
        self._is_dragging = False
        self._has_moved = False
        self._is_lent = False
        self._is_aside = False
        self._video = video
        self._usual_width = max(1.0, max(width, height) * _EDGE_WIDTH_SHARE)
        self._width = self._usual_width
        self.layer = Shapes(
            None,
            ndim=2,
            name=BOXES_NAME,
            edge_width=self._usual_width,
            face_color="transparent",
            opacity=1.0,
            features=_features_of(()),
            feature_defaults=_DEFAULTS,
            text={
                "string": "{target}",
                "color": {"feature": "colour"},
                "size": TEXT_SIZE,
                "anchor": "upper_left",
            },
            metadata={OURS_KEY: "boxes"},
            affine=plane_of(pixel_to_world(video)),
            axis_labels=video.axis_labels[-2:],
            units=video.units[-2:],
        )
        self.layer.events.data.connect(self._on_data)
        self.layer.events.mode.connect(self._on_mode)
        self.layer.selected_data.events.items_changed.connect(self._on_selection)
        self._watch_last()

    @property
    def is_dragging(self) -> bool:
        """Whether a person holds the mouse button down on this layer."""
        return self._is_dragging

    @property
    def is_drawing(self) -> bool:
        """Whether a drag of the mouse on this layer draws a box."""
        return str(self.layer.mode) == "add_rectangle"

    @property
    def is_editing(self) -> bool:
        """Whether a drag of the mouse on this layer moves and resizes boxes."""
        return str(self.layer.mode) == "select" or self._is_lent

    def is_hit(self, position: Sequence[float]) -> bool:
        """Whether a place in the world is on a box or on one of the handles."""
        return any(
            part is not None for part in self.layer.get_value(position, world=True)
        )

    def lend_mouse(self, is_lent: bool) -> None:
        """Let a drag beside all boxes move the view, or take the mouse back."""
        if is_lent == self._is_lent:
            return
        with self._writing():
            self._is_lent = is_lent
            self.layer.mode = "pan_zoom" if is_lent else "select"

    def place_over(self, video: Layer) -> None:
        """Follow a video layer that was scaled or moved."""
        self._video = video
        to_world = plane_of(pixel_to_world(video))
        if self._is_aside:
            to_world = to_world @ np.array([[1, 0, ASIDE_PX], [0, 1, 0], [0, 0, 1.0]])
        # only the place is another one: nothing need be sent to the graphics card
        with (
            self.layer.events.set_data.blocker(),
            self.layer.events.highlight.blocker(),
        ):
            self.layer.affine = to_world

    def set_aside(self, is_aside: bool) -> None:
        """Take the shapes out of sight, or bring them back.

        This costs next to nothing, other than to rewrite or to hide them: they only
        get another place, far below the video.
        """
        if is_aside != self._is_aside:
            self._is_aside = is_aside
            self.place_over(self._video)

    def start_drawing(self) -> None:
        """Let the next drag of the mouse draw a box."""
        if not self.layer.visible:
            self.layer.visible = True
        self.layer.mode = "add_rectangle"

    def start_editing(self) -> None:
        """Let a drag of the mouse move and resize boxes."""
        self.layer.mode = "select"

    def pick(self, target_id: int) -> None:
        """Put handles on a target's box, so that it can be moved and resized."""
        with self._writing():
            if not self._is_lent:
                self.layer.mode = "select"
            places = {
                place
                for place, row in enumerate(self._rows)
                if row.target_id == target_id
            }
            if self.layer.selected_data != places:
                self.layer.selected_data = places

    def show(
        self, rows: Sequence[ShownBox], *, line_width: float | None = None
    ) -> None:
        """Rewrite the layer; does nothing when it shows these boxes already.

        Args:
            rows: what to show.
            line_width: of the selected box, in image pixels; a share of the video's
                size if None.
        """
        rows, width = list(rows), line_width or self._usual_width
        width = width if rows else self._width
        if rows == self._rows and width == self._width and self._shows(rows):
            return
        with self._writing():
            kept = self._picked_ids()
            self.layer.selected_data = set()
            self._write(rows, width)
            self._rows, self._width = rows, width
            places = {n for n, row in enumerate(rows) if row.target_id in kept}
            if places:
                self.layer.selected_data = places

    def _write(self, rows: list[ShownBox], width: float) -> None:
        corners = [box_to_corners(row.box_xywh) for row in rows]
        if not self._shows(rows):
            self.layer.data = [(one, "rectangle") for one in corners]
        if rows:
            looks = [_look(row, width) for row in rows]
            self.layer.edge_color = [color for color, _ in looks]
            self.layer.edge_width = [width for _, width in looks]
            self.layer.features = _features_of(rows)

    def _shows(self, rows: list[ShownBox]) -> bool:
        """Whether the layer's shapes are these boxes, unturned and complete."""
        shapes = self.layer.data
        return len(shapes) == len(rows) and all(
            shape.shape == (4, 2) and np.allclose(shape, box_to_corners(row.box_xywh))
            for shape, row in zip(shapes, rows, strict=True)
        )

    def _picked_ids(self) -> set[int]:
        return {
            self._rows[place].target_id
            for place in self.layer.selected_data
            if place < len(self._rows)
        }

    # --- what a person does --------------------------------------------------

    def _on_data(self, event: Any) -> None:
        if self._is_writing:
            return
        action = str(event.action)
        if action.endswith("ing"):  # adding, changing, removing: not done yet
            return
        shapes = list(self.layer.data)
        if action == "removed":
            self._tell_deleted(event.data_indices)
        elif len(shapes) > len(self._rows):
            self._tell_drawn(shapes[len(self._rows) :])
        elif action == "changed" and len(shapes) == len(self._rows):
            self._tell_edited(event.data_indices, shapes)

    def _tell_drawn(self, shapes: list[NDArray[np.floating]]) -> None:
        if self._is_dragging and not self._has_moved:
            self.clicked.emit()  # napari has made a shape of a few pixels nevertheless
            return
        for shape in shapes:
            self.drawn.emit(corners_to_box(shape))

    def _tell_edited(
        self, places: Sequence[int], shapes: list[NDArray[np.floating]]
    ) -> None:
        rows = list(self._rows)  # `show` may replace them while we tell
        for place in sorted(places):
            row, shape = rows[place], shapes[place]
            if not _is_upright(shape):
                self.turned.emit()
            elif not np.allclose(shape, box_to_corners(row.box_xywh), atol=1e-3):
                self.edited.emit(row.target_id, corners_to_box(shape))

    def _tell_deleted(self, places: Sequence[int]) -> None:
        rows = list(self._rows)
        for place in (place for place in places if place < len(rows)):
            self.deleted.emit(rows[place].target_id)

    def _on_selection(self) -> None:
        if not self._is_writing and len(picked := self._picked_ids()) == 1:
            self.picked.emit(next(iter(picked)))

    def _on_mode(self, event: Any) -> None:
        """Leave only the tools that make upright boxes."""
        # napari has just put this mode's mouse callbacks behind ours, but ours must run
        # last: a box is only told of when the tool has finished with the shape
        self._watch_last()
        mode = str(event.mode)
        if mode not in _ALLOWED_MODES:
            fallback = "add_rectangle" if mode.startswith("add_") else "pan_zoom"
            self.layer.mode = _MODE_INSTEAD.get(mode, fallback)
        else:
            self.tool_changed.emit()

    def _watch_last(self) -> None:
        callbacks = self.layer.mouse_drag_callbacks
        if self._watch_drag in callbacks:
            callbacks.remove(self._watch_drag)
        callbacks.append(self._watch_drag)

    def _watch_drag(self, layer: Shapes, event: Any) -> Iterator[None]:
        """Note when the mouse button is down: a rewrite would tear the shape away."""
        self._is_dragging, self._has_moved = True, False
        yield
        while event.type == "mouse_move":
            self._has_moved = True
            yield
        self._is_dragging = False
        self.released.emit()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        was_writing, self._is_writing = self._is_writing, True
        try:
            yield
        finally:
            self._is_writing = was_writing


_DEFAULTS = {
    "target": "",
    "class": "",
    "origin": "",
    "score": np.nan,
    "occluded": False,
    "colour": "#ffffff",
}
"""What the table of features says of a shape that is just being drawn."""


def _features_of(rows: Sequence[ShownBox]) -> dict[str, NDArray[Any]]:
    """Return one value a box for each column of the table of features."""
    return {
        "target": np.array([row.name for row in rows], object),
        "class": np.array([row.class_name for row in rows], object),
        "origin": np.array([row.origin for row in rows], object),
        "score": np.array([row.score for row in rows], np.float64),
        "occluded": np.array([row.is_occluded for row in rows], bool),
        "colour": np.array([row.colour for row in rows], object),
    }


def _is_upright(shape: NDArray[np.floating]) -> bool:
    """Whether each side of a shape goes along one of the axes."""
    sides = np.abs(np.roll(shape, -1, axis=0) - shape)
    reach = max(float(sides.max()), 1.0)
    return bool((sides.min(axis=1) < 1e-3 * reach).all())


def _look(row: ShownBox, width: float) -> tuple[str, float]:
    """Return the edge colour, paler where the target was lost, and the line width."""
    colour = row.colour + ("70" if row.is_lost else "")
    return colour, width if row.is_selected else 0.6 * width


@dataclass(frozen=True)
class ShownBox:
    """How one target's box is shown."""

    target_id: int
    box_xywh: BoxXywh
    colour: str
    """`#rrggbb`."""
    is_selected: bool = False
    """Thicker."""
    is_lost: bool = False
    """Paler, and dashed where it is painted."""
    name: str = ""
    """The target's, written beside its box."""
    class_name: str = ""
    origin: str = ""
    """In words."""
    score: float = float("nan")
    """Of the tracker, 0 to 1; none for a box that nobody tracked."""
    is_occluded: bool = False
