"""The timeline as people see it: a title, words, buttons, and the rows."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_fcot.timeline.frame_text import describe_range
from napari_fcot.timeline.legend import Legend
from napari_fcot.timeline.timeline_actions import TimelineActions
from napari_fcot.timeline.timeline_colors import TimelineColors
from napari_fcot.timeline.timeline_model import TimelineModel

__all__ = ["TITLE", "TimelineWidget"]

TITLE = "Timeline"
_HEADER_PX = 20
_LEAST_WORDS_PX = 290  # for selected frames; the legend gives way
_HINT = (
    "Click to go to a frame, drag to select frames, right-click for more, "
    "turn the wheel to zoom"
)
_NO_VIDEO = "Open a video to see its targets along time"
_NO_BOXES = "Each target gets its row here: draw a box on the video to begin"


class TimelineWidget(QWidget):
    """A header above the rows; the rows do the work.

    Args:
        model: what is shown.
        colors: of the theme.
    """

    def __init__(self, model: TimelineModel, colors: TimelineColors) -> None:
        super().__init__()
        self.model = model
        self.view = TimelineActions(model, colors)
        self.legend = Legend(model, colors)
        self.words = QElidingLabel()
        self.range_menu = QMenu(self)
        self.range_button = QPushButton()
        self.zoom_in = QPushButton()
        self.show_all = QPushButton()
        self._hovered = ""
        self._build()
        self._connect()
        self._refresh()

    def _build(self) -> None:
        title = QLabel(f"<b>{TITLE}</b>")
        title.setFixedHeight(_HEADER_PX)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.words.setMinimumWidth(_LEAST_WORDS_PX)
        self.range_button.setText("Selected frames")
        self.range_button.setToolTip(
            "What to do with them: also by a right click, or the menu key"
        )
        self.range_button.setMenu(self.range_menu)
        self.zoom_in.setText("Zoom to selection")
        self.zoom_in.setToolTip("Fill the timeline with the selected frames")
        self.show_all.setText("Show all")
        self.show_all.setToolTip("Show the whole video (double-click the rows)")
        for button in (self.range_button, self.zoom_in, self.show_all):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setFixedHeight(_HEADER_PX)
        header = QHBoxLayout()
        header.setContentsMargins(6, 0, 6, 0)
        header.setSpacing(10)
        header.addWidget(title)
        header.addWidget(self.words, stretch=1)
        for widget in (self.range_button, self.zoom_in, self.show_all, self.legend):
            header.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        layout.addLayout(header)
        layout.addWidget(self.view, stretch=1)
        self.setFocusProxy(self.view)

    def _connect(self) -> None:
        view = self.view
        view.hovered.connect(self._on_hovered)
        view.range_selected.connect(self._refresh)
        view.legend_wanted.connect(self.legend.open_table)
        self.range_menu.aboutToShow.connect(
            lambda: view.fill_range_menu(self.range_menu)
        )
        view.zoom_changed.connect(self._refresh)
        self.model.layout_changed.connect(self._refresh)
        self.model.frames_changed.connect(self._on_frames)
        self.zoom_in.clicked.connect(self._on_zoom_in)
        self.show_all.clicked.connect(lambda: view.show_all())

    def show_colors(self, colors: TimelineColors) -> None:
        """Take another theme's colours."""
        self.view.show_colors(colors)
        self.legend.show_colors(colors)

    def _on_hovered(self, text: str) -> None:
        self._hovered = text
        self._refresh_words()

    def _on_frames(self, *frames: int) -> None:
        if self.words.text() == _NO_BOXES:
            self._refresh_words()

    def _on_zoom_in(self) -> None:
        frames = self.view.selected_range
        if frames is not None:
            self.view.show_range(frames)

    def _refresh(self, *frames_selected: int) -> None:
        frames, axis = self.view.selected_range, self.view.axis
        can_zoom = frames is not None and axis.showing(*frames) != axis
        can_act = frames is not None and self.view.selected_row is not None
        self.range_button.setVisible(can_act)
        self.zoom_in.setVisible(can_zoom)
        self.show_all.setVisible(not axis.shows_all)
        self._refresh_words()

    def _refresh_words(self) -> None:
        self.words.setText(self._hovered or self._describe())

    def _describe(self) -> str:
        if self.view.selected_range is not None:
            row = self.view.selected_row
            name = "" if row is None else row.name
            return describe_range(self.view.selected_range, name)
        if self.model.n_frames == 0:
            return _NO_VIDEO
        has_boxes = any(row.n_boxes for row in self.model.rows)
        return _HINT if has_boxes else _NO_BOXES
