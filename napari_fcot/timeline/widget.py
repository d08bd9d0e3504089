"""The timeline as people see it, and its place below napari's canvas."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from napari.components import ViewerModel
from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import (
    QDockWidget,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_fcot.timeline.colors import TimelineColors
from napari_fcot.timeline.legend import Legend
from napari_fcot.timeline.timeline_model import TimelineModel, describe_range
from napari_fcot.timeline.view import TimelineView

TITLE = "Timeline"
DOCK_NAME = f"{TITLE} (FCOT box tracker)"
_PAN_SHARE = 0.1
_HEADER_PX = 20
_LEAST_WORDS_PX = 290  # for selected frames; the legend gives way
_HINT = (
    "Click to go to a frame, drag to select frames, right-click for more, "
    "turn the wheel to zoom"
)
_NO_VIDEO = "Open a video to see its targets along time"
_NO_BOXES = "Each target gets its row here: draw a box on the video to begin"


class TimelineWidget(QWidget):
    """A header above the rows, scroll bars around them; the rows do the work.

    Args:
        model: what is shown.
        colors: of the theme.
    """

    def __init__(self, model: TimelineModel, colors: TimelineColors) -> None:
        super().__init__()
        self.model = model
        self.view = TimelineView(model, colors)
        self.legend = Legend(model, colors)
        self.words = QElidingLabel()
        self.range_menu = QMenu(self)
        self.range_button = QPushButton()
        self.zoom_in = QPushButton()
        self.show_all = QPushButton()
        self.time_bar = QScrollBar(Qt.Orientation.Horizontal)
        self.rows_bar = QScrollBar(Qt.Orientation.Vertical)
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
        rows = QGridLayout()
        rows.setSpacing(0)
        rows.addWidget(self.view, 0, 0)
        rows.addWidget(self.rows_bar, 0, 1)
        rows.addWidget(self.time_bar, 1, 0)
        layout.addLayout(rows, stretch=1)
        self.setFocusProxy(self.view)

    def _connect(self) -> None:
        view = self.view
        view.hovered.connect(self._on_hovered)
        view.range_selected.connect(self._refresh)
        view.legend_wanted.connect(self.legend.open_table)
        self.range_menu.aboutToShow.connect(
            lambda: view.fill_range_menu(self.range_menu)
        )
        plot = view.plot
        plot.view_changed.connect(self._refresh)
        plot.view_changed.connect(self._set_scroll_bars)
        plot.rows_drawn.connect(self._on_rows_drawn)
        self.model.layout_changed.connect(self._refresh)
        self.model.layout_changed.connect(self.legend.refresh)
        self.time_bar.valueChanged.connect(plot.move_to)
        self.rows_bar.valueChanged.connect(plot.scroll_to)
        self.zoom_in.clicked.connect(self._on_zoom_in)
        self.show_all.clicked.connect(lambda: plot.show_all())

    def show_colors(self, colors: TimelineColors) -> None:
        """Take another theme's colours."""
        self.view.show_colors(colors)
        self.legend.show_colors(colors)

    def _on_hovered(self, text: str) -> None:
        self._hovered = text
        self._refresh_words()

    def _on_rows_drawn(self) -> None:
        self.legend.refresh()
        if self.words.text() == _NO_BOXES:
            self._refresh_words()

    def _on_zoom_in(self) -> None:
        frames = self.view.selected_range
        if frames is not None:
            self.view.plot.show_range(frames)

    def _set_scroll_bars(self) -> None:
        plot, rows_bar, time_bar = self.view.plot, self.rows_bar, self.time_bar
        begin, end = plot.view_range
        with QSignalBlocker(rows_bar), QSignalBlocker(time_bar):
            rows_bar.setRange(0, plot.hidden_px)
            rows_bar.setPageStep(max(1, int(plot.box.height())))
            rows_bar.setSingleStep(plot.row_pitch)
            rows_bar.setValue(plot.scrolled_px)
            time_bar.setRange(0, max(0, round(self.model.n_frames - (end - begin))))
            time_bar.setPageStep(max(1, round(end - begin)))
            time_bar.setSingleStep(max(1, round((end - begin) * _PAN_SHARE)))
            time_bar.setValue(round(begin + 0.5))
        rows_bar.setVisible(plot.hidden_px > 0)
        time_bar.setVisible(not plot.shows_all)

    def _refresh(self, *frames_selected: int) -> None:
        frames, plot = self.view.selected_range, self.view.plot
        can_zoom = frames is not None and frames != plot.frames_in_view
        can_act = frames is not None and self.model.selected_row is not None
        self.range_button.setVisible(can_act)
        self.zoom_in.setVisible(can_zoom)
        self.show_all.setVisible(not plot.shows_all)
        self._refresh_words()

    def _refresh_words(self) -> None:
        self.words.setText(self._hovered or self._describe())

    def _describe(self) -> str:
        if self.view.selected_range is not None:
            row = self.model.selected_row
            name = "" if row is None else row.name
            return describe_range(self.view.selected_range, name)
        if self.model.n_frames == 0:
            return _NO_VIDEO
        has_boxes = any(row.n_boxes for row in self.model.rows)
        return _HINT if has_boxes else _NO_BOXES


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
