"""What the timeline shows, as items of pyqtgraph: names, ruler, rows, marks, cursor."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QPoint, QPointF, QRectF, Qt, QTimer
from qtpy.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter
from qtpy.QtWidgets import (
    QGraphicsItem,
    QGraphicsRectItem,
    QGraphicsSimpleTextItem,
    QGraphicsWidget,
    QStyleOptionGraphicsItem,
    QWidget,
)

from napari_fcot.timeline.colors import Rgb, TimelineColors
from napari_fcot.timeline.row_image import (
    SPREAD_COLUMNS,
    Columns,
    draw_row,
    pixel_of,
    row_palette,
)
from napari_fcot.timeline.target_row import FrameSpan, TargetRow
from napari_fcot.timeline.timeline_model import TimelineModel

__all__ = [
    "NEXT_PX",
    "RULER_PX",
    "STOP_PX",
    "TimelinePlot",
    "height_of_rows",
    "image_on",
    "stop_colors",
]

RULER_PX = 20
STOP_PX, NEXT_PX = 9, 13
"""Side of the triangle of a stop, and of the first one."""
_LEAST_NAMES_PX, _MOST_NAMES_PX = 96, 200
_SWATCH_LEFT_PX, _SWATCH_PX, _NAME_LEFT_PX, _NAME_RIGHT_PX = 6, 10, 22, 10
_ROW_GAP_PX = 3
_LEAST_ROW_PX, _MOST_ROW_PX = 14, 32
_RIGHT_MARGIN_PX = 14
_CLOSEST_FRAMES = 10
"""Zooming in ends when this many frames fill the width."""
_PAGE_MARGIN = 0.1
_REDRAW_MS = 33
"""What comes in is drawn at most this often: 30 times a second."""
_SELECTION_ALPHA, _SELECTED_ROW_ALPHA = 30, 70
_CURSOR_PX = 2
_Z_ROWS, _Z_MARKS, _Z_SELECTION, _Z_CURSOR = -200, 10, 20, 30


class FrameAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """A ruler of whole frames."""

    def tickSpacing(  # noqa: N802 - pyqtgraph's name
        self, least: float, most: float, size: float
    ) -> list[tuple[float, float]]:
        """Put no ticks between two frames."""
        levels = super().tickSpacing(least, most, size)
        return [(max(1.0, spacing), offset) for spacing, offset in levels]

    def tickStrings(  # noqa: N802 - pyqtgraph's name
        self, values: list[float], scale: float, spacing: float
    ) -> list[str]:
        """Write frame numbers in full."""
        return [str(round(value)) for value in values]


class RowsItem(QGraphicsItem):
    """The pixels of all rows in sight; what is written into them is painted."""

    def __init__(self, parent: QGraphicsItem) -> None:
        super().__init__(parent)
        self.setZValue(_Z_ROWS)
        self.density = 1.0
        """Device pixels in a pixel of the screen."""
        self.clear(1.0, 1.0, 0)

    def clear(self, width: float, height: float, ground: int) -> None:
        """Begin with other sides, in pixels of the screen."""
        self.prepareGeometryChange()
        sides = [max(1, round(side * self.density)) for side in (height, width)]
        self.pixels = np.full(sides, ground, np.uint32)
        """Shape (height, width), as 0xffRRGGBB."""
        self._image = image_on(self.pixels)
        self._image.setDevicePixelRatio(self.density)
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        """Tell what is covered."""
        return QRectF(QPointF(), self._image.deviceIndependentSize())

    def paint(
        self,
        painter: QPainter | None,
        option: QStyleOptionGraphicsItem | None,
        widget: QWidget | None = None,
    ) -> None:
        """Copy the pixels to the screen."""
        assert painter is not None  # Qt's annotation; it never is
        painter.drawImage(QPointF(), self._image)


@dataclass(frozen=True)
class _Name:
    swatch: QGraphicsRectItem
    text: QGraphicsSimpleTextItem


class TimelinePlot(pg.GraphicsLayout):  # type: ignore[misc]  # no types
    """Shows a model, zoomed and scrolled.

    Along time, one unit of `box` is a frame: frame i reaches from i - 0.5 to i + 0.5.
    Downwards it is a pixel, from the upper border of the first row. A new box draws the
    image of its row anew, 30 times a second at most; another frame on the screen moves
    one line.

    Args:
        model: what is shown.
        colors: of the theme.
        font: of the names and the ruler.
    """

    view_changed = Signal()
    """Another segment of time, or other rows, are in view."""
    rows_drawn = Signal()
    """What came in was drawn."""

    def __init__(
        self, model: TimelineModel, colors: TimelineColors, font: QFont
    ) -> None:
        super().__init__()
        self._model = model
        self.colors = colors
        self._font = font
        self.is_held = False
        """Whether a mouse button is down: the view stays where it is."""
        self.scrolled_px = 0
        """How far the rows are scrolled up."""
        self._shown: tuple[int, int | None] = (-1, None)
        self._names: dict[int, _Name] = {}
        self._changed: dict[int, FrameSpan] = {}
        self._drawn: dict[int, object] = {}
        """How the rows in sight were drawn, by target; see `_look_of`."""
        self._geometry: object = None
        """What all rows' pixels depended on when they were drawn."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REDRAW_MS)
        self._timer.timeout.connect(self.draw_changed)
        self._lay_out()
        self._add_marks()
        self.show_colors(colors)
        model.boxes_changed.connect(self._on_boxes)
        model.layout_changed.connect(self._on_layout)
        model.frame_changed.connect(self._on_frame)
        self._on_layout()

    def _lay_out(self) -> None:
        self.setContentsMargins(0, 0, _RIGHT_MARGIN_PX, 0)
        self.setSpacing(0)
        self.ruler = FrameAxis("top")
        self.ruler.setHeight(RULER_PX)
        self.ruler.setStyle(
            tickLength=-4,
            tickTextOffset=1,
            tickFont=self._font,
            hideOverlappingLabels=_RIGHT_MARGIN_PX,  # so far may they reach out
        )
        self._caption = pg.LabelItem(justify="left")
        self.box = pg.ViewBox(invertY=True, enableMouse=False, enableMenu=False)
        self.box.disableAutoRange()
        self._rows = RowsItem(self.box)
        self.names = QGraphicsWidget()
        self.names.setFlag(QGraphicsItem.GraphicsItemFlag.ItemClipsChildrenToShape)
        self._names_top = QGraphicsRectItem(self.names)  # scrolled with the rows
        self._own_name = QGraphicsRectItem(self._names_top)
        self._own_name.setPen(pg.mkPen(None))
        self.ruler.linkToView(self.box)
        self.addItem(self._caption, row=0, col=0)
        self.addItem(self.ruler, row=0, col=1)
        self.addItem(self.names, row=1, col=0)
        self.addItem(self.box, row=1, col=1)
        self.box.sigXRangeChanged.connect(self._on_zoomed)
        self.box.sigResized.connect(self._on_resized)

    def _add_marks(self) -> None:
        self._cuts = pg.PlotCurveItem(connect="pairs", skipFiniteCheck=True)
        self._stops = pg.ScatterPlotItem(pxMode=True, symbol="t")
        self._range = pg.LinearRegionItem(movable=False)
        self._own_range = pg.BarGraphItem(x0=[0], x1=[0], y0=[0], y1=[0])
        self._line = pg.InfiniteLine(angle=90)
        for item, z in (
            (self._cuts, _Z_MARKS),
            (self._stops, _Z_MARKS + 1),
            (self._range, _Z_SELECTION),
            (self._own_range, _Z_SELECTION),
            (self._line, _Z_CURSOR),
        ):
            item.setZValue(z)
            self.box.addItem(item, ignoreBounds=True)
        self._number = pg.TextItem(anchor=(0.5, 0.5))
        self._number.setParentItem(self.ruler)
        self.selected_range: FrameSpan | None = None
        """The selected frames, first and last, or None."""

    # --- what is in view -----------------------------------------------------

    @property
    def view_range(self) -> tuple[float, float]:
        """What is under the left and the right border, in frames."""
        begin, end = self.box.viewRange()[0]
        return float(begin), float(end)

    @property
    def frames_in_view(self) -> FrameSpan:
        """The first and the last frame in view."""
        begin, end = self.view_range
        return max(0, floor(begin + 0.5)), min(ceil(end - 0.5), self._last_frame)

    @property
    def shows_all(self) -> bool:
        """Whether no frame is out of view."""
        begin, end = self.view_range
        return end - begin >= self._model.n_frames

    @property
    def frames_per_px(self) -> float:
        """Frames in the width of a pixel."""
        begin, end = self.view_range
        return (end - begin) / max(1.0, float(self.box.width()))

    def show_range(self, frames: FrameSpan) -> None:
        """Zoom to some frames, and to their neighbours if they are few."""
        first, last = frames
        span = max(last - first + 1, _CLOSEST_FRAMES)
        self._show_from((first + last - span) / 2, span)

    def show_all(self) -> None:
        """Zoom out to the whole video."""
        self._show_from(-0.5, self._model.n_frames)

    def zoom(self, factor: float, at: float) -> None:
        """Zoom in (factor above 1) or out; the frame `at` stays where it is."""
        begin, end = self.view_range
        span = max((end - begin) / factor, min(_CLOSEST_FRAMES, self._model.n_frames))
        self._show_from(at - (at - begin) / (end - begin) * span, span)

    def move(self, share: float) -> None:
        """Move along time by a share of what is in view."""
        begin, end = self.view_range
        self._show_from(begin + share * (end - begin), end - begin)

    def move_to(self, begin: float) -> None:
        """Let the view begin with a frame."""
        first, end = self.view_range
        self._show_from(begin - 0.5, end - first)

    def _show_from(self, begin: float, span: float) -> None:
        span = min(span, float(self._count))
        begin = min(max(begin, -0.5), self._count - 0.5 - span)
        self.box.setXRange(begin, begin + span, padding=0)

    def _turn_page(self, frame_index: int) -> None:
        """Bring a frame into view, near a border."""
        begin, end = self.view_range
        margin = _PAGE_MARGIN * (end - begin)
        if frame_index > end:
            self._show_from(frame_index - margin, end - begin)
        elif frame_index < begin:
            self._show_from(frame_index + margin - (end - begin), end - begin)

    @property
    def _count(self) -> int:
        return max(1, self._model.n_frames)

    @property
    def _last_frame(self) -> int:
        return self._count - 1

    # --- where things are ----------------------------------------------------

    @property
    def row_height(self) -> int:
        """Height of a row without the gap to the next; rows share what there is."""
        share = int(self.box.height()) // max(1, len(self._model.rows)) - _ROW_GAP_PX
        return min(max(share, _LEAST_ROW_PX), _MOST_ROW_PX)

    @property
    def row_pitch(self) -> int:
        """From the upper border of a row to that of the next."""
        return self.row_height + _ROW_GAP_PX

    @property
    def hidden_px(self) -> int:
        """How far the rows can be scrolled."""
        return max(0, len(self._model.rows) * self.row_pitch - int(self.box.height()))

    def scroll_to(self, scrolled_px: int) -> None:
        """Scroll the rows up by so many pixels."""
        self._place_scrolled(scrolled_px)
        self.draw_changed()

    def _place_scrolled(self, scrolled_px: int) -> None:
        self.scrolled_px = min(max(0, scrolled_px), self.hidden_px)
        height = max(1.0, self.box.height())
        self.box.setYRange(self.scrolled_px, self.scrolled_px + height, padding=0)
        self._names_top.setPos(0, -self.scrolled_px)
        self.view_changed.emit()

    def frame_position(self, at: QPointF) -> float:
        """Return the frame under a point, within what is in view."""
        begin, end = self.view_range
        return min(max(float(self.box.mapSceneToView(at).x()), begin), end)

    def row_at(self, at: QPointF) -> TargetRow | None:
        """Return the row under a point, or None."""
        place = int(self.box.mapSceneToView(at).y()) // self.row_pitch
        rows = self._model.rows
        return rows[place] if not self.is_in_ruler(at) and place < len(rows) else None

    def is_in_ruler(self, at: QPointF) -> bool:
        """Whether a point is above the rows."""
        return bool(at.y() < self.box.pos().y())

    def is_in_names(self, at: QPointF) -> bool:
        """Whether a point is at the left of the time axis."""
        return bool(at.x() < self.box.pos().x())

    def point_of(self, frame_index: int, place: int | None = None) -> QPoint:
        """Return the middle of a frame in a row, or in the ruler."""
        pitch = self.row_pitch
        y = 0.0 if place is None else (place + 0.5) * pitch - _ROW_GAP_PX / 2
        at = self.box.mapViewToScene(QPointF(frame_index, y))
        return QPoint(floor(at.x()), RULER_PX // 2 if place is None else floor(at.y()))

    # --- drawing -------------------------------------------------------------

    def show_colors(self, colors: TimelineColors) -> None:
        """Take another theme's colours."""
        self.colors = colors
        cursor = colors.cursor
        self.ruler.setPen(colors.faint)
        self.ruler.setTextPen(colors.text)
        self._caption.setText("frame", color=colors.faint)
        self._line.setPen(cursor, width=_CURSOR_PX)
        self._number.setColor(colors.cursor_text)
        self._number.fill = pg.mkBrush(cursor)
        self._range.setBrush((*cursor, _SELECTION_ALPHA))
        self._own_name.setBrush(QColor(*colors.selected_row))
        for line in self._range.lines:
            line.setPen(cursor)
        self._own_range.setOpts(pen=None, brush=(*cursor, _SELECTED_ROW_ALPHA))
        self._cuts.setPen(colors.text, style=Qt.PenStyle.DashLine)
        self._on_layout()

    def select(self, frames: FrameSpan | None) -> None:
        """Tint the selected frames, those of the selected target more."""
        self.selected_range = frames
        place = self._model.place_of(self._model.selected_id)
        self._range.setVisible(frames is not None)
        self._own_range.setVisible(frames is not None and place is not None)
        if frames is None:
            return
        begin, end = frames[0] - 0.5, frames[1] + 0.5
        self._range.setRegion((begin, end))
        if place is not None:
            top = place * self.row_pitch
            self._own_range.setOpts(
                x0=[begin], x1=[end], y0=[top], y1=[top + self.row_height]
            )

    def draw_changed(self) -> None:
        """Draw what has changed and is in sight; a timer does so otherwise."""
        self._timer.stop()
        pitch = self.row_pitch
        first = self.scrolled_px // pitch
        last = int(self.scrolled_px + self.box.height()) // pitch
        in_sight = self._model.rows[first : last + 1]
        ids = [row.target_id for row in self._model.rows]
        sides = self.box.width(), self.box.height(), self.scrolled_px
        geometry = sides, self.view_range, ids, self.colors
        if geometry != self._geometry:
            self._geometry = geometry
            self._begin_anew()
        for place, row in enumerate(in_sight, first):
            look, changed = self._look_of(row), self._changed.get(row.target_id)
            top = place * pitch - self.scrolled_px
            if self._drawn.get(row.target_id) != look:
                self._draw_row(row, top, (0, self._rows.pixels.shape[1]))
                self._drawn[row.target_id] = look
            elif changed is not None:
                self._draw_row(row, top, self._columns_of(changed))
        self._changed.clear()
        self.rows_drawn.emit()

    def _begin_anew(self) -> None:
        self._drawn.clear()
        view = self.getViewWidget()
        self._rows.density = 1.0 if view is None else view.devicePixelRatioF()
        ground = pixel_of(self.colors.background)
        self._rows.clear(self.box.width(), self.box.height(), ground)

    def _look_of(self, row: TargetRow) -> object:
        """Return all that a row's pixels depend on, apart from boxes and size."""
        return row.line, row.target_id == self._model.selected_id

    def _columns_of(self, frames: FrameSpan) -> tuple[int, int]:
        """Return the first column that shows frames, and one past the last."""
        (begin, end), width = self.view_range, self._rows.pixels.shape[1]
        edges = (frames[0] - 0.5, frames[1] + 0.5)
        first, last = ((edge - begin) * width / (end - begin) for edge in edges)
        return max(0, floor(first)), min(width, ceil(last) + 1)

    def _draw_row(self, row: TargetRow, top: int, columns: tuple[int, int]) -> None:
        """Draw some columns of a row, and those that their bars reach into."""
        width, density = self._rows.pixels.shape[1], self._rows.density
        start, stop = columns
        # one more at the left, where the first one is no border
        start = max(0, start // SPREAD_COLUMNS - 2) * SPREAD_COLUMNS
        stop = min(width, stop + 2 * SPREAD_COLUMNS)
        if stop <= start:
            return  # none is in view
        begin, end = self.view_range
        reduced = Columns.reduce(row, begin, end, width, part=(start, stop))
        kinds = draw_row(reduced, round(self.row_height * density))
        is_selected = row.target_id == self._model.selected_id
        own = self._own_color(row)
        palette = row_palette(own, is_selected=is_selected, colors=self.colors)
        start_drawn = start + SPREAD_COLUMNS if start else 0
        stop_drawn = stop - SPREAD_COLUMNS if stop < width else width
        y = round(top * density)
        target = self._rows.pixels[max(0, y) : y + len(kinds), start_drawn:stop_drawn]
        kinds = kinds[max(0, -y) :][: len(target)]
        target[:] = palette[kinds[:, start_drawn - start : stop_drawn - start]]
        sides = (stop_drawn - start_drawn) / density, self.row_height
        self._rows.update(QRectF(start_drawn / density, top, *sides))

    def _own_color(self, row: TargetRow) -> Rgb:
        line = row.line
        return self.colors.of_target(line.colour, is_hidden=line.is_hidden)

    def _on_boxes(self, target_id: int, first: int, last: int) -> None:
        before = self._changed.get(target_id, (first, last))
        self._changed[target_id] = min(before[0], first), max(before[1], last)
        self._draw_soon()

    def _on_zoomed(self) -> None:
        self._draw_soon()
        self._place_cursor()
        self.view_changed.emit()

    def _draw_soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _on_resized(self) -> None:
        self._place_rows()
        self._place_cursor()

    def _on_layout(self) -> None:
        model = self._model
        if self._shown[0] != model.n_frames:
            self.show_all()
        for item in (self.ruler, self._caption):
            item.setVisible(bool(model.n_frames))
        self._set_names()
        self._place_rows()
        if self._shown[1] != model.selected_id:
            self._scroll_to_selected()
        self._shown = model.n_frames, model.selected_id
        self._place_cursor()

    def _set_names(self) -> None:
        """Let each target have a name, as bold and as pale as it is now."""
        rows, left = self._model.rows, dict(self._names)
        bold = QFont(self._font)
        bold.setBold(True)
        metrics = QFontMetrics(bold)
        widest = max((metrics.horizontalAdvance(row.name) for row in rows), default=0)
        around = _NAME_LEFT_PX + _NAME_RIGHT_PX
        width = min(max(widest + around, _LEAST_NAMES_PX), _MOST_NAMES_PX)
        self.layout.setColumnFixedWidth(0, width)
        for row in rows:
            if left.pop(row.target_id, None) is None:
                self._names[row.target_id] = _Name(
                    QGraphicsRectItem(0, 0, _SWATCH_PX, _SWATCH_PX, self._names_top),
                    QGraphicsSimpleTextItem(self._names_top),
                )
            name = self._names[row.target_id]
            is_selected = row.target_id == self._model.selected_id
            is_hidden = row.line.is_hidden
            color = self.colors.faint if is_hidden else self.colors.text
            elide = Qt.TextElideMode.ElideRight
            name.text.setText(metrics.elidedText(row.name, elide, width - around))
            name.text.setFont(bold if is_selected else self._font)
            name.text.setBrush(QColor(*color))
            name.swatch.setBrush(QColor(*self._own_color(row)))
            name.swatch.setPen(pg.mkPen(None))
        for target_id, name in left.items():
            del self._names[target_id]
            for item in (name.swatch, name.text):
                self.scene().removeItem(item)

    def _place_rows(self) -> None:
        """Put names, stops, cuts and the selection where they belong now."""
        model, pitch, height = self._model, self.row_pitch, self.row_height
        for place, row in enumerate(model.rows):
            top, name = place * pitch, self._names[row.target_id]
            name.swatch.setPos(_SWATCH_LEFT_PX, top + (height - _SWATCH_PX) // 2)
            text_height = name.text.boundingRect().height()
            name.text.setPos(_NAME_LEFT_PX, top + (height - text_height) // 2)
        selected = model.place_of(model.selected_id)
        self._own_name.setVisible(selected is not None)
        top = (selected or 0) * pitch
        self._own_name.setRect(0, top, _MOST_NAMES_PX, height)
        bottom = max(self.box.height(), len(model.rows) * pitch)
        cuts = np.array(model.cuts, float) - 0.5
        ends = np.tile([0.0, bottom], len(cuts))
        self._cuts.setData(np.repeat(cuts, 2), ends, connect="pairs")
        self._place_stops()
        self.select(self.selected_range)
        self._place_scrolled(self.scrolled_px)
        self._draw_soon()

    def _place_stops(self) -> None:
        spots = []
        for rank, stop in reversed(list(enumerate(self._model.stops))):
            place = self._model.place_of(stop.target_id)
            if place is None:
                continue
            size = NEXT_PX if rank == 0 else STOP_PX
            brush, pen = stop_colors(self.colors, is_next=rank == 0)
            middle = place * self.row_pitch + size / 2
            spots.append(
                {
                    "pos": (stop.frame_index, middle),
                    "size": size,
                    "brush": pg.mkBrush(brush),
                    "pen": pg.mkPen(pen, width=1.6),
                }
            )
        self._stops.setData(spots)  # the next one comes last and lies on top

    def _place_cursor(self) -> None:
        frame, (begin, end) = self._model.frame_index, self.view_range
        is_in_view = bool(self._model.n_frames) and begin <= frame <= end
        self._line.setVisible(is_in_view)
        self._number.setVisible(is_in_view)
        self._line.setValue(frame)
        if is_in_view:
            self._number.setText(str(frame))
            x = self.box.mapFromView(QPointF(frame, 0)).x()
            self._number.setPos(x, RULER_PX / 2)

    def _on_frame(self, frame_index: int) -> None:
        if not self.is_held:
            self._turn_page(frame_index)
        self._place_cursor()

    def _scroll_to_selected(self) -> None:
        place = self._model.place_of(self._model.selected_id)
        if place is not None:
            top = place * self.row_pitch
            lowest = top + self.row_pitch - int(self.box.height())
            self.scroll_to(min(max(self.scrolled_px, lowest), top))


def height_of_rows(count: int) -> int:
    """Return the height that so many full rows need."""
    return count * (_MOST_ROW_PX + _ROW_GAP_PX)


def stop_colors(colors: TimelineColors, *, is_next: bool) -> tuple[Rgb, Rgb]:
    """Return the colour of the triangle of a stop, and of its outline."""
    return (colors.gap, colors.text) if is_next else (colors.text, colors.background)


def image_on(pixels: NDArray[np.uint32]) -> QImage:
    """Return an image that shares pixels with an array; keep both."""
    height, width = pixels.shape
    image = QImage(  # Qt's annotation wants bytes, and would copy them
        pixels.data,  # type: ignore[call-overload]
        width,
        height,
        4 * width,
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    assert isinstance(image, QImage)
    return image
