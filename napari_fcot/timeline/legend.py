"""What the marks of the timeline mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRect, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_fcot.timeline.columns import Columns
from napari_fcot.timeline.row_picture import draw_row
from napari_fcot.timeline.target_row import Mark, TargetRow
from napari_fcot.timeline.time_axis import TimeAxis
from napari_fcot.timeline.timeline_colors import TimelineColors
from napari_fcot.timeline.timeline_model import TimelineModel
from napari_fcot.timeline.timeline_painter import draw_stop, image_of

__all__ = ["Legend"]

_SAMPLE_PX, _HEIGHT_PX = 18, 12
_SPACE_PX = 4
_APART_PX = 12


class Legend(QWidget):
    """Each mark as it is drawn in a row, with a word; rare ones only where they are.

    Args:
        model: tells whether there are cuts and stops.
        colors: of the theme.
    """

    def __init__(self, model: TimelineModel, colors: TimelineColors) -> None:
        super().__init__()
        self._model = model
        self._colors = colors
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        model.layout_changed.connect(self._on_layout)

    @property
    def words(self) -> list[str]:
        """What is explained, from left to right."""
        words = ["drawn by you", "score", "lost", "gap"]
        if self._model.cuts:
            words.append("shot cut")
        if self._model.stops:
            words.append("worth a look")
        return words

    def show_colors(self, colors: TimelineColors) -> None:
        """Take another theme's colours."""
        self._colors = colors
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for one line."""
        metrics = self.fontMetrics()
        widths = (metrics.horizontalAdvance(word) for word in self.words)
        fixed = _SAMPLE_PX + _SPACE_PX + _APART_PX
        return QSize(sum(width + fixed for width in widths), metrics.height() + 2)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw samples and words side by side."""
        painter = QPainter(self)
        painter.setPen(QColor(*self._colors.text))
        x, top = 0, (self.height() - _HEIGHT_PX) // 2
        for word in self.words:
            self._draw_sample(painter, word, QRect(x, top, _SAMPLE_PX, _HEIGHT_PX))
            x += _SAMPLE_PX + _SPACE_PX
            width = self.fontMetrics().horizontalAdvance(word)
            painter.drawText(
                QRect(x, 0, width + _APART_PX, self.height()),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
                word,
            )
            x += width + _APART_PX
        painter.end()

    def _draw_sample(self, painter: QPainter, word: str, rect: QRect) -> None:
        if word == "shot cut":
            painter.save()
            pen = QPen(QColor(*self._colors.text), 1.0, Qt.PenStyle.DashLine)
            painter.setPen(pen)
            middle = rect.center().x()
            painter.drawLine(middle, rect.top(), middle, rect.bottom())
            painter.restore()
        elif word == "worth a look":
            draw_stop(painter, QPointF(rect.center().x(), rect.top()), self._colors)
        else:
            painter.drawImage(rect.topLeft(), image_of(self.sample_of(word)))

    def sample_of(self, word: str) -> NDArray[np.uint32]:
        """Draw a piece of a row with nothing but this mark; see `draw_row`."""
        row = TargetRow(1, _SAMPLE_PX)
        for frame, score in enumerate(np.linspace(0.3, 0.9, _SAMPLE_PX).tolist()):
            row.put(frame, Mark.MACHINE, score if word == "score" else np.nan)
        if word == "drawn by you":
            row.put(_SAMPLE_PX // 2, Mark.HUMAN)
        for frame in range(_SAMPLE_PX):
            if word == "lost":
                row.put(frame, Mark.MACHINE | Mark.LOST, np.nan)
            elif word == "gap" and 0 < frame < _SAMPLE_PX - 1:
                row.put(frame, Mark.NONE)
        columns = Columns.reduce(row, TimeAxis.showing_all(_SAMPLE_PX, _SAMPLE_PX))
        return draw_row(
            columns,
            (0, _SAMPLE_PX),
            height=_HEIGHT_PX,
            track_id=1,
            is_selected=False,
            colors=self._colors,
        )

    def _on_layout(self) -> None:
        self.updateGeometry()
        self.update()
