"""Draws the timeline: ruler, names, rows, cuts and stops."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRect, QRectF, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from napari_fcot.timeline.columns import ColumnSpan
from napari_fcot.timeline.row_picture import draw_row
from napari_fcot.timeline.target_row import TargetRow
from napari_fcot.timeline.time_axis import TimeAxis
from napari_fcot.timeline.timeline_colors import Rgb, TimelineColors
from napari_fcot.timeline.timeline_layout import TimelineLayout
from napari_fcot.timeline.timeline_model import StopMark, TimelineModel

__all__ = ["TimelinePainter", "draw_stop", "image_of"]

_LEAST_TICK_PX = 64
_SWATCH_PX = 10
STOP_PX, NEXT_PX = 9, 13
"""Side of the triangle of a stop, and of the first one."""
_STOP_PEN_PX = 1.6


@dataclass(frozen=True, kw_only=True)
class TimelinePainter:
    """Draws a model at one place, size and zoom.

    Everything but the rows' pixels is in logical pixels; `density` says how many
    device pixels one of them has.
    """

    model: TimelineModel
    layout: TimelineLayout
    axis: TimeAxis
    colors: TimelineColors
    density: float = 1.0

    def draw_all(self, painter: QPainter) -> None:
        """Draw everything, but neither cursor nor selection."""
        layout = self.layout
        whole = QRect(0, 0, layout.width, layout.height)
        painter.fillRect(whole, _qt(self.colors.background))
        painter.save()
        painter.setClipRect(whole.adjusted(0, layout.rows_top, 0, 0))
        in_sight = [
            (place, row)
            for place, row in enumerate(self.model.rows)
            if self._is_in_sight(place)
        ]
        for place, row in in_sight:
            self._draw_name(painter, place, row)
            columns = self.model.columns(row.track_id, self.axis, self.density)
            self._draw_columns(painter, place, row, (0, len(columns)))
        self._draw_cuts(painter, whole)
        for place, row in in_sight:
            self._draw_stops(painter, place, row, whole)
        painter.restore()
        self._draw_ruler(painter)

    def draw_columns(
        self, painter: QPainter, place: int, row: TargetRow, span: ColumnSpan
    ) -> None:
        """Draw some columns of one row anew, with the marks that cross them."""
        if not self._is_in_sight(place):
            return
        rect = self.rect_of(place, span)
        painter.save()
        painter.setClipRect(rect)
        self._draw_columns(painter, place, row, span)
        self._draw_cuts(painter, rect)
        self._draw_stops(painter, place, row, rect)
        painter.restore()

    def rect_of(self, place: int, span: ColumnSpan) -> QRect:
        """Return what some columns of a row cover; the ruler is cut off."""
        left = int(self.layout.axis_left + span[0] / self.density)
        right = int(np.ceil(self.layout.axis_left + span[1] / self.density))
        top = self.layout.row_top(place)
        rect = QRect(left, top, right - left, self.layout.row_height)
        return rect & QRect(
            0, self.layout.rows_top, self.layout.width, self.layout.height
        )

    # --- rows ----------------------------------------------------------------

    def _is_in_sight(self, place: int) -> bool:
        top = self.layout.row_top(place)
        return (
            top < self.layout.height
            and top + self.layout.row_height > self.layout.rows_top
        )

    def _draw_columns(
        self, painter: QPainter, place: int, row: TargetRow, span: ColumnSpan
    ) -> None:
        pixels = draw_row(
            self.model.columns(row.track_id, self.axis, self.density),
            span,
            height=round(self.layout.row_height * self.density),
            own=self._own_color(row),
            is_selected=row.track_id == self.model.selected_id,
            colors=self.colors,
        )
        left = self.layout.axis_left + span[0] / self.density
        width, height = (side / self.density for side in reversed(pixels.shape))
        target = QRectF(left, self.layout.row_top(place), width, height)
        painter.drawImage(target, image_of(pixels))

    def _draw_name(self, painter: QPainter, place: int, row: TargetRow) -> None:
        layout = self.layout
        top, height = layout.row_top(place), layout.row_height
        is_selected = row.track_id == self.model.selected_id
        if is_selected:
            ground = QRect(0, top, layout.axis_left, height)
            painter.fillRect(ground, _qt(self.colors.selected_row))
        swatch = QRect(6, top + (height - _SWATCH_PX) // 2, _SWATCH_PX, _SWATCH_PX)
        painter.fillRect(swatch, _qt(self._own_color(row)))
        font = painter.font()
        font.setBold(is_selected)
        painter.setFont(font)
        is_hidden = row.line.is_hidden
        painter.setPen(_qt(self.colors.faint if is_hidden else self.colors.text))
        room = QRect(22, top, layout.axis_left - 28, height)
        text = painter.fontMetrics().elidedText(
            row.name, Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(
            room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text
        )
        font.setBold(False)
        painter.setFont(font)

    def _own_color(self, row: TargetRow) -> Rgb:
        line = row.line
        return self.colors.of_target(line.colour, is_hidden=line.is_hidden)

    # --- cuts, stops, ruler --------------------------------------------------

    def _draw_stops(
        self, painter: QPainter, place: int, row: TargetRow, within: QRect
    ) -> None:
        """Draw the stops of a row that reach into a part of the picture."""
        top = self.layout.row_top(place)
        left, right = within.left() - NEXT_PX, within.right() + NEXT_PX
        for rank, stop in self._ranked_stops(row.track_id):
            x = self.layout.axis_left + self.axis.x_of(stop.frame_index + 0.5)
            if left <= x <= right:
                self._draw_stop(painter, stop.frame_index, top, is_next=rank == 0)

    def _ranked_stops(self, track_id: int | None) -> list[tuple[int, StopMark]]:
        """Return a target's stops in the order of drawing: the next one lies on top."""
        ranked = reversed(list(enumerate(self.model.stops)))
        return [(rank, stop) for rank, stop in ranked if stop.track_id == track_id]

    def _draw_cuts(self, painter: QPainter, within: QRect) -> None:
        """Draw the cuts that reach into a part of the picture."""
        axis, cuts = self.axis, self.model.cuts
        left = axis.frame_at(within.left() - 1 - self.layout.axis_left)
        right = axis.frame_at(within.right() + 2 - self.layout.axis_left)
        begin = bisect_left(cuts, max(left, int(np.ceil(axis.start))))
        near = cuts[begin : bisect_right(cuts, min(right, axis.last))]
        if near:
            painter.setPen(QPen(_qt(self.colors.text), 1.0, Qt.PenStyle.DashLine))
        for frame in near:
            x = self.layout.axis_left + axis.x_of(frame)
            # from the top, so that the dashes of a part fit those around it
            painter.drawLine(QPointF(x, 0), QPointF(x, self.layout.height))

    def _draw_stop(
        self, painter: QPainter, frame_index: int, top: int, *, is_next: bool
    ) -> None:
        if not self.axis.is_in_view(frame_index):
            return
        x = self.layout.axis_left + self.axis.x_of(frame_index + 0.5)
        draw_stop(painter, QPointF(x, top), self.colors, is_next=is_next)

    def _draw_ruler(self, painter: QPainter) -> None:
        layout, axis = self.layout, self.axis
        ruler = QRect(0, 0, layout.width, layout.rows_top)
        painter.fillRect(ruler, _qt(self.colors.background))
        painter.setPen(_qt(self.colors.faint))
        painter.drawText(
            QRect(22, 0, layout.axis_left - 28, layout.rows_top - 5),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            "frame" if self.model.n_frames else "",
        )
        if not self.model.n_frames:
            return
        foot = layout.rows_top - 2
        for frame in axis.ticks(least_px=_LEAST_TICK_PX):
            x = layout.axis_left + axis.x_of(frame + 0.5)
            if not layout.axis_left <= x <= layout.axis_left + axis.width:
                continue
            painter.setPen(_qt(self.colors.faint))
            painter.drawLine(QPointF(x, foot - 3), QPointF(x, foot))
            painter.setPen(_qt(self.colors.text))
            room = QRectF(x - _LEAST_TICK_PX / 2, 0, _LEAST_TICK_PX, foot - 3)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, str(frame))
        painter.save()
        painter.setClipRect(ruler.adjusted(layout.axis_left, 0, 0, 0))
        self._draw_cuts(painter, ruler)
        for rank, stop in self._ranked_stops(None):
            top = layout.rows_top - (NEXT_PX if rank == 0 else STOP_PX)
            self._draw_stop(painter, stop.frame_index, top, is_next=rank == 0)
        painter.restore()


def draw_stop(
    painter: QPainter, top: QPointF, colors: TimelineColors, *, is_next: bool
) -> None:
    """Draw a triangle pointing down from `top`; the next stop is larger, in colour."""
    side = NEXT_PX if is_next else STOP_PX
    x, y, half = top.x(), top.y(), side / 2
    corners = [QPointF(x - half, y), QPointF(x + half, y), QPointF(x, y + side)]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    fill, outline = colors.text, colors.background
    if is_next:
        fill, outline = colors.gap, colors.text
    painter.setPen(QPen(_qt(outline), _STOP_PEN_PX))
    painter.setBrush(_qt(fill))
    painter.drawPolygon(QPolygonF(corners))
    painter.restore()


def image_of(pixels: NDArray[np.uint32]) -> QImage:
    """Copy pixels into an image; Qt would not keep the array alive."""
    height, width = pixels.shape
    data = np.ascontiguousarray(pixels).tobytes()
    image = QImage(data, width, height, 4 * width, QImage.Format.Format_RGB32)
    return image.copy()


def _qt(color: Rgb) -> QColor:
    return QColor(*color)
