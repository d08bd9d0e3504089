"""The menus of the timeline, and what a person chose in them."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QContextMenuEvent, QKeyEvent
from qtpy.QtWidgets import QMenu

from napari_fcot.timeline.snapping import REACH_PX
from napari_fcot.timeline.target_row import TargetRow
from napari_fcot.timeline.timeline_controls import TimelineControls
from napari_fcot.timeline.timeline_menu import (
    add_frame_actions,
    add_pair_actions,
    add_range_actions,
)

__all__ = ["TimelineActions"]


class TimelineActions(TimelineControls):
    """Tells what a person wants to do with targets and frames; does none of it.

    A right click opens a menu for the target and the frame under the mouse; the menu
    key, or Shift+F10, one for the selected target and the frame on the screen.
    """

    range_action = Signal(str, int, int, int)
    """Something to do with frames: `RangeAction`, target id, first and last frame."""
    frame_action = Signal(str, int, int)
    """Something to do with a frame: `FrameAction`, target id, frame."""
    pair_action = Signal(str, int, int, int)
    """Something to do with two targets: `PairAction`, target id, id of the other one,
    frame."""
    legend_wanted = Signal()
    """A person asks what the marks mean."""

    @property
    def selected_row(self) -> TargetRow | None:
        """The selected target, or None."""
        selected_id = self._model.selected_id
        return None if selected_id is None else self._model.row(selected_id)

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:  # noqa: N802
        """Open the menu of what is under the mouse, or of what is selected."""
        if event is None:
            return
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            self.open_selected_menu()
            return
        at = QPointF(event.pos())
        self._open(self._row_under(at), self._frame_chosen(at), event.globalPos())

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Open a menu where Qt leaves that key to programs."""
        if event is not None and _asks_for_menu(event):
            self.open_selected_menu()
            event.accept()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent | None) -> bool:
        """Keep the keys that mean something here from the window's shortcuts."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and self._model.n_frames
            and (self.knows_key(event) or _asks_for_menu(event))
        ):
            event.accept()
            return True
        return super().event(event)

    def open_selected_menu(self) -> QMenu | None:
        """Open the menu of the selected target in the frame on the screen."""
        frame, places = self._model.frame_index, self.places
        rows = [row.track_id for row in self._model.rows]
        row, y = self.selected_row, places.rows_top
        if row is not None:
            y = places.row_top(rows.index(row.track_id)) + places.row_height
        x = self._axis.x_of(frame + 0.5)
        x = places.axis_left + min(max(x, 0.0), float(places.axis_width))
        corner = QPoint(int(x), min(max(y, 0), places.height))
        return self._open(row, frame, self.canvas.mapToGlobal(corner))

    def fill_range_menu(self, menu: QMenu) -> None:
        """Put what can be done with the selected frames into a menu."""
        menu.clear()
        menu.setToolTipsVisible(True)
        if self.selected_row is not None and self.selected_range is not None:
            add_range_actions(
                menu, self.selected_row, self.selected_range, self.range_action.emit
            )

    def _open(
        self, row: TargetRow | None, frame_index: int, corner: QPoint
    ) -> QMenu | None:
        if not self._model.n_frames:
            return None
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        if row is not None:
            self._fill(menu, row, frame_index)
            menu.addSeparator()
        entry = menu.addAction("What the marks mean")
        if entry is not None:
            entry.triggered.connect(lambda _=False: self.legend_wanted.emit())
        menu.popup(corner)
        return menu

    def _fill(self, menu: QMenu, row: TargetRow, frame_index: int) -> None:
        frames = self.selected_range
        if frames is not None and frames[0] <= frame_index <= frames[1]:
            add_range_actions(menu, row, frames, self.range_action.emit)
        add_frame_actions(menu, row, frame_index, self.frame_action.emit)
        others = [other for other in self._model.rows if other is not row]
        add_pair_actions(
            menu,
            row,
            others,
            self._colors,
            lambda action, other_id: self.pair_action.emit(
                action, row.track_id, other_id, frame_index
            ),
        )

    def _frame_chosen(self, at: QPointF) -> int:
        """Return the frame on the screen if that is meant, else the one clicked on.

        Where a pixel stands for many frames, an end can be set to the frame by going
        there first.
        """
        shown = self._model.frame_index
        if at.x() < self.places.axis_left:
            return shown
        is_near = abs(self._axis.x_of(shown + 0.5) - self._x_of(at)) <= REACH_PX
        return shown if is_near else self._frame_under(at)


def _asks_for_menu(event: QKeyEvent) -> bool:
    is_shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    return event.key() == Qt.Key.Key_F10 and is_shifted
