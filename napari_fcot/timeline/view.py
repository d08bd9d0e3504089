"""The timeline under a mouse and a keyboard."""

from __future__ import annotations

import pyqtgraph as pg
from psygnal import Signal
from qtpy.QtCore import QEvent, QPoint, QPointF, QSize, Qt
from qtpy.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
)
from qtpy.QtWidgets import QApplication, QMenu, QToolTip, QWidget

from napari_fcot.timeline.actions import (
    add_frame_actions,
    add_pair_actions,
    add_range_actions,
)
from napari_fcot.timeline.colors import TimelineColors
from napari_fcot.timeline.plot import RULER_PX, TimelinePlot, height_of_rows
from napari_fcot.timeline.target_row import FrameSpan, TargetRow
from napari_fcot.timeline.timeline_model import REACH_PX, TimelineModel

_ZOOM_PER_NOTCH = 1.25
_NOTCH = 120  # what Qt counts for a notch of the wheel
_PAN_SHARE = 0.1
_FAR_STEP = 10
_ROWS_AT_FIRST = 2
_BAR_PX = 16  # so that a scroll bar along time takes nothing from the rows
_FROM_KEY, _TO_KEY = Qt.Key.Key_I, Qt.Key.Key_O  # "in" and "out", as video editors do
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_ROW_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
_ENDS = (Qt.Key.Key_Home, Qt.Key.Key_End)
_KEYS = frozenset({*_STEPS, *_ROW_STEPS, *_ENDS, _FROM_KEY, _TO_KEY})
_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)


class TimelineView(pg.GraphicsView):  # type: ignore[misc]  # pyqtgraph has no types
    """Tells what a person wants: a frame, a target, an action; does none of it.

    It zooms and selects by itself. A click on a row goes to its frame and selects its
    target, a drag over a row selects frames of its target, a drag along the ruler shows
    frame after frame, the wheel zooms, a double click shows everything again. The keys
    I and O let the selected frames begin and end with the one on the screen. A right
    click opens a menu for the target and the frame under the mouse; the menu key, or
    Shift+F10, one for the selected target and the frame on the screen.

    Args:
        model: what is shown.
        colors: of the theme.
        parent: the widget it is in.
    """

    frame_wanted = Signal(int)
    """A frame to go to."""
    target_wanted = Signal(int)
    """A target to select: target id."""
    hovered = Signal(str)
    """What is under the mouse, in words; empty when it left."""
    range_selected = Signal(int, int)
    """Other frames are selected: first and last; -1 and -1 if none are any more."""
    range_action = Signal(str, int, int, int)
    """Something to do with frames: `RangeAction`, target id, first and last frame."""
    frame_action = Signal(str, int, int)
    """Something to do with a frame: `FrameAction`, target id, frame."""
    pair_action = Signal(str, int, int, int)
    """Something to do with two targets: `PairAction`, target id, id of the other one,
    frame."""
    legend_wanted = Signal()
    """A person asks what the marks mean."""

    def __init__(
        self,
        model: TimelineModel,
        colors: TimelineColors,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, background=colors.background)
        self._model = model
        self._pressed_at: QPointF | None = None
        self._is_selecting = False
        self._is_scrubbing = False
        self.plot = TimelinePlot(model, colors, self.font())
        self.setCentralItem(self.plot)
        self.setMinimumHeight(RULER_PX + height_of_rows(1) // 2)
        model.layout_changed.connect(self._on_layout)

    @property
    def canvas(self) -> QWidget:
        """What is painted on."""
        canvas = self.viewport()
        assert isinstance(canvas, QWidget)
        return canvas

    @property
    def selected_range(self) -> FrameSpan | None:
        """The selected frames, first and last, or None."""
        return self.plot.selected_range

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for two full rows; more targets share them, until a person makes room."""
        return QSize(480, RULER_PX + height_of_rows(_ROWS_AT_FIRST) + _BAR_PX)

    def select_range(self, frames: FrameSpan | None) -> None:
        """Select frames, or none."""
        if frames != self.selected_range:
            self.plot.select(frames)
            self.range_selected.emit(*(frames or (-1, -1)))

    def show_colors(self, colors: TimelineColors) -> None:
        """Take another theme's colours."""
        self.setBackground(colors.background)
        self.plot.show_colors(colors)

    def _on_layout(self) -> None:
        last = self.selected_range and self.selected_range[1]
        if last is not None and (
            not self._model.rows or last >= self._model.n_frames
        ):  # such as for another video
            self.select_range(None)

    # --- the mouse -----------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Begin a click, a drag over rows or along the ruler."""
        if event.button() != Qt.MouseButton.LeftButton or not self._model.n_frames:
            return
        at = self._pressed_at = event.position()
        self.plot.is_held = True
        self._is_scrubbing = self.plot.is_in_ruler(at) and not self.plot.is_in_names(at)
        if self._is_scrubbing:
            self.frame_wanted.emit(self._frame_under(at))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go along with a drag, or tell what is under the mouse."""
        if not self._model.n_frames:
            return
        at, pressed_at = event.position(), self._pressed_at
        if pressed_at is None:
            self.hovered.emit(self._describe(at))
        elif self._is_scrubbing:
            self.frame_wanted.emit(self._frame_at(at))
        elif not self.plot.is_in_names(pressed_at):
            far = abs(at.x() - pressed_at.x()) >= QApplication.startDragDistance()
            if far and not self._is_selecting:
                self._is_selecting = True
                self._want_row(self.plot.row_at(pressed_at))
            if self._is_selecting:
                first, last = sorted((self._frame_at(pressed_at), self._frame_at(at)))
                self.select_range((first, last))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """End a drag; a click goes to its frame and selects its target."""
        pressed_at, self._pressed_at = self._pressed_at, None
        was_drag = self._is_selecting or self._is_scrubbing
        self._is_selecting = self._is_scrubbing = self.plot.is_held = False
        if pressed_at is None or was_drag:
            return
        row = self.plot.row_at(pressed_at)
        if row is not None:
            self.target_wanted.emit(row.target_id)
        if not self.plot.is_in_names(pressed_at):
            self.select_range(None)
            self.frame_wanted.emit(self._frame_under(pressed_at))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Show the whole video again."""
        self._pressed_at = None
        self.select_range(None)
        self.plot.show_all()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Zoom around the mouse; sideways, or with Shift, move along time."""
        turned = event.angleDelta()
        is_shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if abs(turned.x()) > abs(turned.y()) or is_shifted:
            self.plot.move(-(turned.x() or turned.y()) / _NOTCH * _PAN_SHARE)
        else:
            at = self.plot.frame_position(event.position())
            self.plot.zoom(_ZOOM_PER_NOTCH ** (turned.y() / _NOTCH), at)
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Nothing is under the mouse any more."""
        self.hovered.emit("")
        super().leaveEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Answer the wish for a tooltip."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            text = self._describe(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), text, self.canvas)
            return True
        return bool(super().viewportEvent(event))

    def _want_row(self, row: TargetRow | None) -> None:
        """Ask for the target whose frames are being selected."""
        if row is not None and row.target_id != self._model.selected_id:
            self.target_wanted.emit(row.target_id)

    def _frame_at(self, at: QPointF) -> int:
        position = self.plot.frame_position(at)
        return self._model.frame_meant(position, self.plot.frames_per_px)

    def _frame_under(self, at: QPointF) -> int:
        position, row = self.plot.frame_position(at), self.plot.row_at(at)
        return self._model.frame_meant(position, self.plot.frames_per_px, row)

    def _describe(self, at: QPointF) -> str:
        if not self._model.n_frames:
            return ""
        row = self.plot.row_at(at)
        if not self.plot.is_in_names(at):
            return self._model.describe_frame(self._frame_under(at), row)
        if row is None:
            return ""
        hidden = " (its boxes are hidden on the video)" if row.line.is_hidden else ""
        return f"Select {row.name}{hidden}"

    # --- the keyboard --------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Step along time and between targets, select; other keys go to napari."""
        if _asks_for_menu(event):
            self.open_selected_menu()
        elif self._model.n_frames and self.knows_key(event):
            self._follow_key(Qt.Key(event.key()), event.modifiers())
        else:
            event.ignore()
            return
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Keep the keys that mean something here from the window's shortcuts."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and self._model.n_frames
            and (self.knows_key(event) or _asks_for_menu(event))
        ):
            event.accept()
            return True
        return bool(super().event(event))

    def knows_key(self, event: QKeyEvent) -> bool:
        """Whether a key means something here now."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if modifiers not in _PLAIN:
            return False
        if event.key() == Qt.Key.Key_Escape:
            return self.selected_range is not None
        return event.key() in _KEYS

    def _follow_key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
        frame, last = self._model.frame_index, self._model.n_frames - 1
        is_far = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        if key in _STEPS:
            step = _STEPS[key] * (_FAR_STEP if is_far else 1)
            self.frame_wanted.emit(min(max(0, frame + step), last))
        elif key in _ENDS:
            self.frame_wanted.emit(0 if key == Qt.Key.Key_Home else last)
        elif key == Qt.Key.Key_Escape:
            self.select_range(None)
        elif key in _ROW_STEPS:
            self._select_neighbour(_ROW_STEPS[key])
        else:
            self._select_to(frame, is_first=key == _FROM_KEY)

    def _select_to(self, frame_index: int, *, is_first: bool) -> None:
        """Let the selected frames begin, or end, with this one."""
        first, last = self.selected_range or (frame_index, frame_index)
        if is_first:
            self.select_range((frame_index, max(last, frame_index)))
        else:
            self.select_range((min(first, frame_index), frame_index))

    def _select_neighbour(self, step: int) -> None:
        place, rows = self._model.place_of(self._model.selected_id), self._model.rows
        if place is not None and 0 <= place + step < len(rows):
            self.target_wanted.emit(rows[place + step].target_id)

    # --- menus ---------------------------------------------------------------

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """Open the menu of what is under the mouse, or of what is selected."""
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            self.open_selected_menu()
            return
        at = QPointF(event.pos())
        self._open(self.plot.row_at(at), self._frame_chosen(at), event.globalPos())

    def open_selected_menu(self) -> QMenu | None:
        """Open the menu of the selected target in the frame on the screen."""
        frame = self._model.frame_index
        place = self._model.place_of(self._model.selected_id)
        first, last = self.plot.frames_in_view
        corner = self.plot.point_of(min(max(frame, first), last), place)
        bottom = self.canvas.height()
        corner.setY(min(max(corner.y(), RULER_PX), bottom))
        row = self._model.selected_row
        return self._open(row, frame, self.canvas.mapToGlobal(corner))

    def fill_range_menu(self, menu: QMenu) -> None:
        """Put what can be done with the selected frames into a menu."""
        menu.clear()
        menu.setToolTipsVisible(True)
        row = self._model.selected_row
        if row is not None and self.selected_range is not None:
            add_range_actions(menu, row, self.selected_range, self.range_action.emit)

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
            others,
            self.plot.colors,
            lambda action, other_id: self.pair_action.emit(
                action, row.target_id, other_id, frame_index
            ),
        )

    def _frame_chosen(self, at: QPointF) -> int:
        """Return the frame on the screen if that is meant, else the one clicked on.

        Where a pixel stands for many frames, an end can be set to the frame by going
        there first.
        """
        shown = self._model.frame_index
        if self.plot.is_in_names(at):
            return shown
        apart = abs(self.plot.frame_position(at) - shown)
        is_near = apart <= REACH_PX * self.plot.frames_per_px
        return shown if is_near else self._frame_under(at)


def _asks_for_menu(event: QKeyEvent) -> bool:
    is_shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    return event.key() == Qt.Key.Key_F10 and is_shifted
