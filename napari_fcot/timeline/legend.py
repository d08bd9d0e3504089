"""What the marks of the timeline mean."""

from __future__ import annotations

import enum

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPoint, QSize, Qt
from qtpy.QtGui import QMouseEvent, QPixmap, QResizeEvent
from qtpy.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QWidget,
)

from fcot_engine.annotation import PALETTE
from napari_fcot.timeline.colors import TimelineColors
from napari_fcot.timeline.plot import NEXT_PX, STOP_PX, image_on, stop_colors
from napari_fcot.timeline.row_image import Columns, draw_row, pixel_of, row_palette
from napari_fcot.timeline.target_row import Mark
from napari_fcot.timeline.timeline_model import TimelineModel

_SAMPLE_PX, _HEIGHT_PX = 18, 12
_SPACE_PX, _APART_PX = 0, 6


class Explained(enum.Enum):
    """What there is to explain: a word, and a sentence that says more."""

    DRAWN = "drawn by you", "A box that you drew or corrected."
    SCORE = "score", "Tracked: the higher the area, the surer the tracker."
    INTERPOLATED = "interpolated", "Laid evenly between two boxes; nobody looked."
    LOST = "lost", "The tracker did not see it; its last known place."
    GAP = "gap", "No box, but one before and one after."
    OCCLUDED = "occluded", "You said that something hides it."
    OUT_OF_VIEW = "out of view", "You said that it is not in the picture."
    ENDED = "ended", "You said that it ends here."
    CUT = "shot cut", "Another shot begins."
    NEXT = "next", "The frame worth most to look at."
    STOP = "worth a look", "Frames to look at after that."

    @property
    def word(self) -> str:
        """A word or two."""
        return self.value[0]

    @property
    def sentence(self) -> str:
        """What it says about the target."""
        return self.value[1]


_ALWAYS = {Explained.DRAWN, Explained.SCORE, Explained.LOST, Explained.GAP}
_RARE = {
    Explained.INTERPOLATED: Mark.INTERPOLATED,
    Explained.OCCLUDED: Mark.OCCLUDED,
    Explained.OUT_OF_VIEW: Mark.OUT_OF_VIEW,
    Explained.ENDED: Mark.ENDED,
}
_MARKS = {
    Explained.LOST: Mark.MACHINE | Mark.LOST,
    Explained.GAP: Mark.GAP,
    Explained.OCCLUDED: Mark.MACHINE | Mark.OCCLUDED,
    Explained.OUT_OF_VIEW: Mark.OUT_OF_VIEW,
    Explained.INTERPOLATED: Mark.INTERPOLATED,
}


class Legend(QWidget):
    """Each mark as it is drawn in a row, with a word; rare ones only where they are.

    Where there is no room for all, the last ones are left out. A click opens the
    whole list.

    Args:
        model: tells which marks there are.
        colors: of the theme.
    """

    def __init__(self, model: TimelineModel, colors: TimelineColors) -> None:
        super().__init__()
        self._model = model
        self._colors = colors
        self._entries: list[Explained] = []
        self._labels: list[QWidget] = []
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(_APART_PX)
        self._line.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        self._line.addStretch()
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setToolTip("Click to see what all marks mean")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.refresh()

    @property
    def words(self) -> list[str]:
        """What is explained, from left to right."""
        return [entry.word for entry in self._entries]

    def refresh(self) -> None:
        """Explain the marks that there are now."""
        entries = list_explained(self._model)
        if entries != self._entries:
            self._entries = entries
            self._fill()

    def show_colors(self, colors: TimelineColors) -> None:
        """Take another theme's colours."""
        self._colors = colors
        self._fill()

    def open_table(self) -> LegendTable:
        """Show what all marks mean until a key or a click ends it."""
        table = LegendTable(self._colors, self)
        table.adjustSize()
        corner = self.mapToGlobal(QPoint(self.width() - table.width(), 0))
        table.move(corner - QPoint(0, table.height()))
        table.show()
        return table

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for one line."""
        hints = [label.sizeHint() for label in self._labels]
        height = max(hint.height() for hint in hints)
        return QSize(sum(hint.width() + _APART_PX for hint in hints), height)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Do with less: what does not fit is left out."""
        return QSize(0, self.sizeHint().height())

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Open the whole list."""
        self.open_table()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        """Show what there is room for."""
        right = 0
        for label in self._labels:
            right += label.sizeHint().width() + _APART_PX
            label.setVisible(right - _APART_PX <= self.width())

    def _fill(self) -> None:
        for label in self._labels:
            self._line.removeWidget(label)
            label.hide()
            label.deleteLater()
        self._labels = [self._make_label(entry) for entry in self._entries]
        for place, label in enumerate(self._labels):
            self._line.insertWidget(place, label)  # before the stretch
        self.updateGeometry()
        self.resizeEvent(None)

    def _make_label(self, entry: Explained) -> QWidget:
        both = QWidget()
        line = QHBoxLayout(both)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(_SPACE_PX)
        line.addWidget(_picture_label(entry, self._colors))
        line.addWidget(QLabel(entry.word))
        both.ensurePolished()
        return both


class LegendTable(QFrame):
    """All marks with a sentence each, in a window of its own that a click closes.

    Args:
        colors: of the theme.
        parent: the widget it belongs to.
    """

    def __init__(self, colors: TimelineColors, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        grid = QGridLayout(self)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        for place, entry in enumerate(Explained):
            grid.addWidget(_picture_label(entry, colors), place, 0)
            grid.addWidget(QLabel(f"<b>{entry.word}</b>"), place, 1)
            grid.addWidget(QLabel(entry.sentence), place, 2)


def list_explained(model: TimelineModel) -> list[Explained]:
    """Return the marks that a model has, and those that everyone must know."""
    marks = model.all_marks
    found = {*_ALWAYS, *(entry for entry, mark in _RARE.items() if marks & mark)}
    if model.cuts:
        found.add(Explained.CUT)
    if model.stops:
        found.add(Explained.NEXT)
    if len(model.stops) > 1:
        found.add(Explained.STOP)
    return [entry for entry in Explained if entry in found]


def picture_of(entry: Explained, colors: TimelineColors) -> QPixmap:
    """Draw a mark as it looks in the timeline."""
    if entry in (Explained.NEXT, Explained.STOP):
        is_next = entry is Explained.NEXT
        brush, pen = stop_colors(colors, is_next=is_next)
        size = NEXT_PX if is_next else STOP_PX
        pen, brush = pg.mkPen(pen, width=1.6), pg.mkBrush(brush)
        symbol = pg.graphicsItems.ScatterPlotItem.renderSymbol("t", size, pen, brush)
        return QPixmap.fromImage(symbol)
    if entry is Explained.CUT:
        pixels = np.zeros((_HEIGHT_PX, _SAMPLE_PX), np.uint32)
        is_dash = np.arange(_HEIGHT_PX) % 6 < 4
        pixels[is_dash, _SAMPLE_PX // 2] = pixel_of(colors.text)
    else:
        own = colors.of_target(PALETTE[0])
        palette = row_palette(own, is_selected=False, colors=colors)
        pixels = palette[draw_row(_columns_of(entry), _HEIGHT_PX)]
    return QPixmap.fromImage(image_on(pixels))


def _columns_of(entry: Explained) -> Columns:
    """Return a piece of a row with nothing but one mark."""
    scores = np.full(_SAMPLE_PX, np.nan, np.float32)
    if entry in (Explained.SCORE, Explained.OCCLUDED):
        scores[:] = np.linspace(0.3, 0.9, _SAMPLE_PX)
    marks = np.full(_SAMPLE_PX, _MARKS.get(entry, Mark.MACHINE), np.uint16)
    middle = _SAMPLE_PX // 2
    if entry is Explained.ENDED:
        marks[middle + 1 :] = Mark.ENDED
    is_human = np.zeros(_SAMPLE_PX, np.bool_)
    is_human[middle] = entry is Explained.DRAWN
    return Columns(low=scores, high=scores, marks=marks, is_human=is_human)


def _picture_label(entry: Explained, colors: TimelineColors) -> QLabel:
    label = QLabel()
    label.setPixmap(picture_of(entry, colors))
    return label
