"""What a mouse and a keyboard do to the timeline."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QApplication, QToolTip, QWidget

from napari_fcot.timeline.frame_text import describe_frame
from napari_fcot.timeline.snapping import frame_meant
from napari_fcot.timeline.target_row import TargetRow
from napari_fcot.timeline.timeline_colors import TimelineColors
from napari_fcot.timeline.timeline_model import StopMark, TimelineModel
from napari_fcot.timeline.timeline_view import TimelineView

__all__ = ["TimelineControls"]

ZOOM_PER_NOTCH = 1.25
_NOTCH = 120  # what Qt counts for a notch of the wheel
_PAN_SHARE = 0.1
_FAR_STEP = 10
_FROM_KEY, _TO_KEY = Qt.Key.Key_I, Qt.Key.Key_O  # "in" and "out", as video editors do
_KEYS = frozenset(
    {
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        _FROM_KEY,
        _TO_KEY,
    }
)
_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)


class TimelineControls(TimelineView):
    """Tells what a person wants: a frame, a target; zooms and selects by itself.

    A click on a row goes to its frame and selects its target, a drag over a row selects
    frames of its target, a drag along the ruler shows frame after frame, the wheel
    zooms, and a double click shows everything again. The keys I and O let the selected
    frames begin and end with the one on the screen.

    Args:
        model: what is shown.
        colors: of the theme.
        parent: the widget it is in.
    """

    frame_wanted = Signal(int)
    """A frame to go to."""
    target_wanted = Signal(int)
    """A target to select: track id."""
    hovered = Signal(str)
    """What is under the mouse, in words; empty when it left."""

    def __init__(
        self,
        model: TimelineModel,
        colors: TimelineColors,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(model, colors, parent)
        self._pressed_at: QPointF | None = None
        self._is_selecting = False
        self._is_scrubbing = False

    # --- the mouse -----------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Begin a click, a drag over rows or along the ruler."""
        if (
            event is None
            or event.button() != Qt.MouseButton.LeftButton
            or not self._model.n_frames
        ):
            return
        self._pressed_at = event.position()
        self._is_held = True
        places = self.places
        self._is_scrubbing = places.is_in_ruler(event.position().y()) and (
            event.position().x() >= places.axis_left
        )
        if self._is_scrubbing:
            self.frame_wanted.emit(self._frame_under(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Go along with a drag, or tell what is under the mouse."""
        if event is None or not self._model.n_frames:
            return
        at = event.position()
        if self._pressed_at is None:
            self.hovered.emit(self._describe(at))
        elif self._is_scrubbing:
            self.frame_wanted.emit(self._axis.frame_at(self._x_of(at)))
        elif self._pressed_at.x() >= self.places.axis_left:
            far = abs(at.x() - self._pressed_at.x()) >= QApplication.startDragDistance()
            if far and not self._is_selecting:
                self._is_selecting = True
                self._want_row(self._row_under(self._pressed_at))
            if self._is_selecting:
                ends = (self._x_of(self._pressed_at), self._x_of(at))
                first, last = sorted(self._axis.frame_at(x) for x in ends)
                self.select_range((first, last))

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """End a drag; a click goes to its frame and selects its target."""
        pressed_at, self._pressed_at = self._pressed_at, None
        was_drag = self._is_selecting or self._is_scrubbing
        self._is_selecting = self._is_scrubbing = self._is_held = False
        if event is None or pressed_at is None or was_drag:
            return
        row = self._row_under(pressed_at)
        if row is not None:
            self.target_wanted.emit(row.track_id)
        if pressed_at.x() >= self.places.axis_left:
            self.select_range(None)
            self.frame_wanted.emit(self._frame_under(pressed_at))

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Show the whole video again."""
        self._pressed_at = None
        self.select_range(None)
        self.show_all()

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 - Qt's name
        """Zoom around the mouse; sideways, or with Shift, move along time."""
        if event is None:
            return
        turned = event.angleDelta()
        is_shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if abs(turned.x()) > abs(turned.y()) or is_shifted:
            notches = (turned.x() or turned.y()) / _NOTCH
            self._turn(self._axis.moved(-notches * _PAN_SHARE * self._axis.span))
        else:
            factor = ZOOM_PER_NOTCH ** (turned.y() / _NOTCH)
            self._turn(self._axis.zoomed(factor, x=self._x_of(event.position())))
        event.accept()

    def leaveEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Nothing is under the mouse any more."""
        self.hovered.emit("")
        super().leaveEvent(event)

    def viewportEvent(self, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Answer the wish for a tooltip."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            text = self._describe(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), text, self.canvas)
            return True
        return super().viewportEvent(event)

    def _want_row(self, row: TargetRow | None) -> None:
        """Ask for the target whose frames are being selected."""
        if row is not None and row.track_id != self._model.selected_id:
            self.target_wanted.emit(row.track_id)

    def _x_of(self, at: QPointF) -> float:
        """Return the distance from where time begins, within the axis."""
        places = self.places
        return min(max(at.x() - places.axis_left, 0.0), float(places.axis_width))

    def _row_under(self, at: QPointF) -> TargetRow | None:
        place = self.places.row_at(at.y())
        return None if place is None else self._model.rows[place]

    def _stops_of(self, row: TargetRow | None) -> tuple[StopMark, ...]:
        ids = (None,) if row is None else (None, row.track_id)
        return tuple(stop for stop in self._model.stops if stop.track_id in ids)

    def _frame_under(self, at: QPointF) -> int:
        row = self._row_under(at)
        return frame_meant(self._axis, self._x_of(at), row, self._stops_of(row))

    def _describe(self, at: QPointF) -> str:
        if not self._model.n_frames:
            return ""
        row = self._row_under(at)
        if at.x() < self.places.axis_left:
            return "" if row is None else _describe_name(row)
        return describe_frame(self._frame_under(at), row, self._stops_of(row))

    # --- the keyboard --------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Step along time and between targets, select; other keys go to napari."""
        if event is None or not self._model.n_frames:
            return
        if not self.knows_key(event):
            event.ignore()
            return
        key, frame = Qt.Key(event.key()), self._model.frame_index
        last = self._model.n_frames - 1
        is_far = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = _FAR_STEP if is_far else 1
        frames = {
            Qt.Key.Key_Left: max(0, frame - step),
            Qt.Key.Key_Right: min(last, frame + step),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if key in frames:
            self.frame_wanted.emit(frames[key])
        elif key == Qt.Key.Key_Escape:
            self.select_range(None)
        elif key in (_FROM_KEY, _TO_KEY):
            self._select_to(frame, is_first=key == _FROM_KEY)
        else:
            self._select_neighbour(-1 if key == Qt.Key.Key_Up else 1)
        event.accept()

    def knows_key(self, event: QKeyEvent) -> bool:
        """Whether a key means something here now."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if modifiers not in _PLAIN:
            return False
        if event.key() == Qt.Key.Key_Escape:
            return self._selected_range is not None
        return event.key() in _KEYS

    def _select_to(self, frame_index: int, *, is_first: bool) -> None:
        """Let the selected frames begin, or end, with this one."""
        first, last = self._selected_range or (frame_index, frame_index)
        if is_first:
            self.select_range((frame_index, max(last, frame_index)))
        else:
            self.select_range((min(first, frame_index), frame_index))

    def _select_neighbour(self, step: int) -> None:
        ids = [row.track_id for row in self._model.rows]
        if self._model.selected_id in ids:
            place = ids.index(self._model.selected_id) + step
            if 0 <= place < len(ids):
                self.target_wanted.emit(ids[place])


def _describe_name(row: TargetRow) -> str:
    hidden = " (its boxes are hidden on the video)" if row.line.is_hidden else ""
    return f"Select {row.name}{hidden}"
