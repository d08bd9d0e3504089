"""Shows the timeline: what is in view, and what of it is drawn when."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import QRect, QSize, Qt, QTimer
from qtpy.QtGui import (
    QColor,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from qtpy.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from napari_fcot.timeline.cursor_overlay import CursorOverlay
from napari_fcot.timeline.target_row import FrameSpan
from napari_fcot.timeline.time_axis import TimeAxis
from napari_fcot.timeline.timeline_colors import TimelineColors
from napari_fcot.timeline.timeline_layout import (
    LEAST_ROW_PX,
    MOST_ROW_PX,
    ROW_GAP_PX,
    RULER_PX,
    TimelineLayout,
)
from napari_fcot.timeline.timeline_model import TimelineModel
from napari_fcot.timeline.timeline_painter import TimelinePainter
from napari_fcot.timeline.timeline_picture import TimelinePicture

__all__ = ["TimelineView"]

REDRAW_MS = 16
"""What comes in is drawn at most this often: 60 times a second."""
_PAN_SHARE = 0.1
_SELECTION_ALPHA, _SELECTED_ROW_ALPHA = 30, 70
_ROWS_AT_FIRST = 2


class TimelineView(QAbstractScrollArea):
    """Shows a model, zoomed and scrolled; `TimelineControls` adds hands to it.

    Rows are kept as a picture. A changed box draws a few columns of it anew, and the
    cursor is a widget of its own over it.

    Args:
        model: what is shown.
        colors: of the theme.
        parent: the widget it is in.
    """

    range_selected = Signal(int, int)
    """Other frames are selected: first and last; -1 and -1 if none are any more."""
    zoom_changed = Signal()
    """Another stretch of time is in view."""

    def __init__(
        self,
        model: TimelineModel,
        colors: TimelineColors,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._colors = colors
        self._axis = TimeAxis.showing_all(model.n_frames, 1)
        self._picture = TimelinePicture()
        self._selected_range: FrameSpan | None = None
        self._is_held = False
        """A mouse button is down: the view stays where it is."""
        self._shown_id: int | None = None
        self._cursor = CursorOverlay(self.canvas, colors)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REDRAW_MS)
        self._timer.timeout.connect(self.draw_changed)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(RULER_PX + LEAST_ROW_PX + ROW_GAP_PX)
        self.canvas.setMouseTracking(True)
        model.frames_changed.connect(self._on_frames)
        model.row_changed.connect(self._on_row)
        model.layout_changed.connect(self._on_layout)
        model.frame_changed.connect(self._on_frame)
        self._on_layout()

    @property
    def canvas(self) -> QWidget:
        """What is painted on: the area without its scroll bars."""
        canvas = self.viewport()
        assert canvas is not None  # every scroll area has one
        return canvas

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for two full rows; more targets share them, until a person makes room."""
        bar = self.horizontalScrollBar()
        rows_px = _ROWS_AT_FIRST * (MOST_ROW_PX + ROW_GAP_PX)
        bar_px = 0 if bar is None else bar.sizeHint().height()
        return QSize(480, RULER_PX + rows_px + bar_px)

    # --- what is in view -----------------------------------------------------

    @property
    def axis(self) -> TimeAxis:
        """The stretch of time in view."""
        return self._axis

    @property
    def places(self) -> TimelineLayout:
        """Where things are now."""
        return TimelineLayout(
            width=self.canvas.width(),
            height=self.canvas.height(),
            n_rows=len(self._model.rows),
            scrolled_px=_value_of(self, is_vertical=True),
        )

    @property
    def selected_range(self) -> FrameSpan | None:
        """The selected frames, first and last, or None."""
        return self._selected_range

    def select_range(self, frames: FrameSpan | None) -> None:
        """Select frames, or none."""
        if frames != self._selected_range:
            self._selected_range = frames
            self.canvas.update()
            self.range_selected.emit(*(frames or (-1, -1)))

    def show_range(self, frames: FrameSpan) -> None:
        """Zoom to some frames."""
        self._turn(self._axis.showing(*frames))

    def show_all(self) -> None:
        """Zoom out to the whole video."""
        self._turn(TimeAxis.showing_all(self._model.n_frames, self._axis.width))

    def show_colors(self, colors: TimelineColors) -> None:
        """Take another theme's colours."""
        self._colors = self._cursor.colors = colors
        self._cursor.update()
        self.draw_anew()

    def _turn(self, axis: TimeAxis) -> None:
        if axis == self._axis:
            return
        self._axis = axis
        self._set_scroll_bars()
        self.draw_anew()
        self._place_cursor()
        self.zoom_changed.emit()

    # --- drawing -------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Put the picture on the screen, brought up to date first."""
        picture = self._picture.drawn_by(self._make_painter(), font=self.font())
        painter = QPainter(self.canvas)
        painter.drawPixmap(0, 0, picture)
        if self._selected_range is not None:
            self._draw_selection(painter, self._selected_range)
        painter.end()

    def _draw_selection(self, painter: QPainter, frames: FrameSpan) -> None:
        """Tint the selected frames, those of the selected target more."""
        color, rect = self._colors.cursor, self._rect_of_range(frames)
        if rect.width() < self.places.axis_width:  # else it would tint everything
            painter.fillRect(rect, QColor(*color, _SELECTION_ALPHA))
            place = self._place_of_selected()
            if place is not None:
                top, height = self.places.row_top(place), self.places.row_height
                row = QRect(rect.left(), top, rect.width(), height)
                row &= self.canvas.rect().adjusted(0, self.places.rows_top, 0, 0)
                painter.fillRect(row, QColor(*color, _SELECTED_ROW_ALPHA))
        painter.setPen(QColor(*color))
        painter.drawLine(rect.topLeft(), rect.bottomLeft())
        painter.drawLine(rect.topRight(), rect.bottomRight())

    def _place_of_selected(self) -> int | None:
        ids = [row.track_id for row in self._model.rows]
        selected_id = self._model.selected_id
        return ids.index(selected_id) if selected_id in ids else None

    def _make_painter(self) -> TimelinePainter:
        return TimelinePainter(
            model=self._model,
            layout=self.places,
            axis=self._axis,
            colors=self._colors,
            density=self.canvas.devicePixelRatioF(),
        )

    def draw_anew(self) -> None:
        """Draw everything at the next repaint, which is asked for."""
        self._picture.forget()
        self.canvas.update()

    def draw_changed(self) -> None:
        """Draw what has changed; otherwise a timer does so 60 times a second."""
        for rect in self._picture.draw_changed(self._make_painter()):
            self.canvas.update(rect)

    def _rect_of_range(self, frames: FrameSpan) -> QRect:
        places = self.places
        ends = (self._axis.x_of(frames[0]), self._axis.x_of(frames[1] + 1))
        left, right = (round(min(max(x, 0), places.axis_width)) for x in ends)
        return QRect(
            places.axis_left + left, 0, max(1, right - left), self.canvas.height()
        )

    def _place_cursor(self) -> None:
        if self._model.n_frames == 0:
            self._cursor.hide()
            return
        frame = self._model.frame_index
        self._cursor.show_at(frame, self._axis.x_of(frame + 0.5), self.places)

    # --- the model changes ---------------------------------------------------

    def _on_frames(self, track_id: int, first: int, last: int) -> None:
        self._picture.note(track_id, (first, last))
        if not self._timer.isActive():
            self._timer.start()

    def _on_row(self, track_id: int) -> None:
        self._on_frames(track_id, 0, max(0, self._model.n_frames - 1))

    def _on_layout(self) -> None:
        if self._axis.n_frames != max(1, self._model.n_frames):
            self.select_range(None)
            self._axis = TimeAxis.showing_all(self._model.n_frames, self._axis.width)
            self.zoom_changed.emit()
        if not self._model.rows:  # such as for another video
            self.select_range(None)
        self._set_scroll_bars()
        if self._model.selected_id != self._shown_id:
            self._shown_id = self._model.selected_id
            self._scroll_to_selected()
        self._place_cursor()
        self.draw_anew()

    def _on_frame(self, frame_index: int) -> None:
        if not self._is_held:
            self._turn(self._axis.turned_to(frame_index))
        self._place_cursor()

    # --- scrolling -----------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show the same stretch of time in the new width."""
        super().resizeEvent(event)
        self._axis = self._axis.resized(self.places.axis_width)
        self._set_scroll_bars()
        self._place_cursor()
        self.draw_anew()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802 - Qt's name
        """Follow the scroll bars: up and down through targets, along time."""
        moved = self._axis.moved(_value_of(self, is_vertical=False) - self._axis.start)
        if dx and round(moved.start) != round(self._axis.start):
            self._axis = moved
        self._place_cursor()
        self.draw_anew()

    def _set_scroll_bars(self) -> None:
        vertical, horizontal = self.verticalScrollBar(), self.horizontalScrollBar()
        if vertical is None or horizontal is None:
            return
        places, axis = self.places, self._axis
        vertical.setRange(0, places.hidden_px)
        vertical.setPageStep(max(1, places.height - RULER_PX))
        vertical.setSingleStep(places.row_height + ROW_GAP_PX)
        horizontal.setRange(0, round(axis.n_frames - axis.span))
        horizontal.setPageStep(max(1, round(axis.span)))
        horizontal.setSingleStep(max(1, round(axis.span * _PAN_SHARE)))
        horizontal.setValue(round(axis.start))

    def _scroll_to_selected(self) -> None:
        place, bar = self._place_of_selected(), self.verticalScrollBar()
        if bar is None or place is None:
            return
        places = self.places
        top = places.row_top(place)
        below = top + places.row_height - places.height
        if top < places.rows_top:
            bar.setValue(bar.value() + top - places.rows_top)
        elif below > 0:
            bar.setValue(bar.value() + below)


def _value_of(area: QAbstractScrollArea, *, is_vertical: bool) -> int:
    bar = area.verticalScrollBar() if is_vertical else area.horizontalScrollBar()
    return 0 if bar is None else bar.value()
