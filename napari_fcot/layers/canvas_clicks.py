"""Clicks on the canvas, whichever layer is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Layer
from psygnal import Signal

from napari_fcot.layers.pixel_frame import HALF_PIXEL, pixel_to_world, plane_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["CanvasClicks"]

LEFT_BUTTON = 1
MAX_MOVE_PX = 4.0
"""A press that moved further on the screen is a drag."""


class CanvasClicks:
    """Tells of left clicks without a drag, in image pixels of a video.

    Args:
        viewer: its mouse is listened to; layers and camera get their events as before.
    """

    clicked = Signal(float, float, frozenset)
    """x and y in image pixels, names of the modifiers that were held down."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._video: Layer | None = None
        viewer.mouse_drag_callbacks.append(self._watch)

    def set_video(self, video: Layer | None) -> None:
        """Count in the pixels of another video; with None there are no clicks."""
        self._video = video

    def close(self) -> None:
        """Let go of the viewer."""
        self._video = None
        if self._watch in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._watch)

    def _watch(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        if self._video is None or event.button != LEFT_BUTTON:
            return
        pressed, modifiers = np.array(event.pos), _names_of(event.modifiers)
        position = tuple(event.position)
        yield
        while event.type == "mouse_move":
            yield
        if np.abs(np.array(event.pos) - pressed).max() <= MAX_MOVE_PX:
            self._tell(position, modifiers)

    def _tell(self, position: tuple[float, ...], modifiers: frozenset[str]) -> None:
        if self._video is None or self._viewer.dims.ndisplay != 2:
            return
        world = np.array([*position[-2:], 1.0])
        y, x, _ = np.linalg.inv(plane_of(pixel_to_world(self._video))) @ world
        self.clicked.emit(float(x) + HALF_PIXEL, float(y) + HALF_PIXEL, modifiers)


def _names_of(modifiers: Any) -> frozenset[str]:
    """Return vispy's keys as the names that napari uses, such as `Control`."""
    return frozenset(str(getattr(key, "name", key)) for key in modifiers)
