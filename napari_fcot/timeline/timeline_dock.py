"""The timeline's place below napari's canvas."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from napari.components import ViewerModel
from qtpy.QtWidgets import QDockWidget

from napari_fcot.timeline.timeline_colors import TimelineColors
from napari_fcot.timeline.timeline_widget import TITLE, TimelineWidget

__all__ = ["DOCK_NAME", "TimelineDock"]

DOCK_NAME = f"{TITLE} (FCOT box tracker)"


class TimelineDock:
    """Opens the timeline below the canvas, hides it, and brings it back.

    napari has a button to hide a dock and one to close it, and lists neither in a menu:
    after both, `show` brings the timeline back. A viewer without a window never shows
    it.

    Args:
        viewer: where it is shown.
        timeline: what is shown.
        on_toggled: told that a person hid or closed it, or that it is back.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        timeline: TimelineWidget,
        *,
        on_toggled: Callable[[bool], None],
    ) -> None:
        self._viewer = viewer
        self._timeline = timeline
        self._on_toggled = on_toggled
        self._is_open = True
        viewer.events.theme.connect(self._on_theme)

    @property
    def is_shown(self) -> bool:
        """Whether a person sees it, or will as soon as the window is shown."""
        dock = self._dock
        return dock is not None and not dock.isHidden()

    @property
    def _dock(self) -> QDockWidget | None:
        parent = self._timeline.parent()
        return parent if isinstance(parent, QDockWidget) else None

    def show(self, visible: bool = True) -> None:
        """Show or hide it; another panel's timeline is left alone."""
        window: Any = getattr(self._viewer, "window", None)
        dock = self._dock
        if dock is not None:
            dock.setVisible(visible)
        elif visible and self._can_open(window):
            dock = window.add_dock_widget(self._timeline, name=DOCK_NAME, area="bottom")
            dock.visibilityChanged.connect(self._on_visible)
            self._timeline.show()  # napari hid it if it was closed before
            dock.show()  # Qt would do so a little later
        self._on_toggled(self.is_shown)

    def close(self) -> None:
        """Take it out of the window, for good; may be called twice."""
        if not self._is_open:
            return
        self._is_open = False
        self._viewer.events.theme.disconnect(self._on_theme)
        with contextlib.suppress(RuntimeError):  # Qt may have deleted it already
            self._leave_window()
            self._timeline.deleteLater()

    def _leave_window(self) -> None:
        window: Any = getattr(self._viewer, "window", None)
        dock = self._dock
        if dock is None:
            return
        dock.visibilityChanged.disconnect(self._on_visible)
        with contextlib.suppress(AttributeError):  # napari's window is being closed
            window.remove_dock_widget(dock)

    def _can_open(self, window: Any) -> bool:
        if not self._is_open or window is None:
            return False
        return DOCK_NAME not in window.dock_widgets

    def _on_visible(self, visible: bool) -> None:
        self._on_toggled(self.is_shown)

    def _on_theme(self, event: Any = None) -> None:
        self._timeline.show_colors(TimelineColors.of_theme(self._viewer.theme))
