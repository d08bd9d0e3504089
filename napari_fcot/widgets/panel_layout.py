"""The parts of the panel and where they stand; nothing in here does anything."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QFrame,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_fcot.keys import find_key
from napari_fcot.layers import PICK_KEY
from napari_fcot.preferences import PreferencesStore
from napari_fcot.widgets.change_report_bar import ChangeReportBar
from napari_fcot.widgets.export_box import ExportBox
from napari_fcot.widgets.first_steps import FirstSteps
from napari_fcot.widgets.heatmap_look import HeatmapLook
from napari_fcot.widgets.key_help import KeyHelp, key_text
from napari_fcot.widgets.one_line import OneLine
from napari_fcot.widgets.play_box import PlayBox
from napari_fcot.widgets.progress_row import ProgressRow
from napari_fcot.widgets.rows import row_of
from napari_fcot.widgets.run_box import RunBox
from napari_fcot.widgets.self_check_box import SelfCheckBox
from napari_fcot.widgets.target_table import TargetTable
from napari_fcot.widgets.video_box import VideoBox
from napari_fcot.widgets.work_list_box import WorkListBox

__all__ = ["PanelLayout"]

WIDTH_PX = 340
"""How wide the panel is at first: enough for its words, most is for the video."""
_SMALL_BUTTON_PX = 32
_PAGE_MARGIN_PX = 6


class PanelLayout(QWidget):
    """Video and targets on top, then a tab for each thing to do, then the status.

    What is needed in every tab, such as Stop, is above and below them: it fits a small
    laptop's screen with the timeline open.

    Args:
        preferences: says whether the first steps are shown.
    """

    def __init__(self, preferences: PreferencesStore) -> None:
        super().__init__()
        self.video = VideoBox()
        self.first_steps = FirstSteps(preferences)
        self.targets = TargetTable()
        self.draw = _button("Draw", "draw_box", "Then drag over the object")
        self.edit = _button(
            "Edit", "edit_box", "Move or resize the box; that corrects the tracker"
        )
        self.new_target = _button("New", "new_target", "Follow one more object")
        self.undo = _small_button("↶", "undo", "Take back the last edit or run")
        self.redo = _small_button("↷", "redo", "Repeat what was taken back")
        self.box_text = OneLine()
        self.run = RunBox()
        self.work = WorkListBox()
        self.check = SelfCheckBox()
        self.heatmap = QCheckBox("Heatmap")
        self.heatmap.setToolTip(
            "Where the tracker sees the selected target"
            f" ({key_text(find_key('toggle_heatmap').key)})"
        )
        self.show_timeline = QCheckBox("Timeline")
        self.show_timeline.setToolTip("Every target along time, below the video")
        self.heatmap_look = HeatmapLook()
        self.pick = _pick_button()
        self.play = PlayBox()
        self.export = ExportBox()
        self.keys = KeyHelp()
        self.report = ChangeReportBar()
        self.progress = ProgressRow()
        self.status = _words()
        self.tabs = QTabWidget()
        self._arrange()

    def _arrange(self) -> None:
        self.tabs.addTab(_page(self.run), "Track")
        self.tabs.addTab(_page(self.work, self.check), "Check")
        heatmap_row = row_of(self.heatmap, self.heatmap_look)
        last_row = row_of(self.pick, self.show_timeline)
        self.tabs.addTab(_page(self.play, heatmap_row, last_row), "View")
        self.tabs.addTab(_page(self.export, self.keys), "Files, keys")
        layout = QVBoxLayout(self)
        layout.setSpacing(4)
        layout.addWidget(self.video)
        layout.addWidget(self.first_steps)
        layout.addWidget(self.targets)
        layout.addLayout(
            row_of(self.draw, self.edit, self.new_target, self.undo, self.redo)
        )
        layout.addWidget(self.box_text)
        layout.addWidget(self.tabs, stretch=1)
        layout.addWidget(self.report)
        layout.addWidget(self.progress)
        layout.addWidget(self.status)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As narrow as reads well; a person may make it wider."""
        return QSize(WIDTH_PX, super().sizeHint().height())


def _button(text: str, action_id: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(f"{tip} ({key_text(find_key(action_id).key)})")
    return button


def _small_button(sign: str, action_id: str, tip: str) -> QPushButton:
    button = _button(sign, action_id, tip)
    button.setFixedWidth(_SMALL_BUTTON_PX)
    button.setAccessibleName(find_key(action_id).words)
    return button


def _pick_button() -> QPushButton:
    button = QPushButton("Pick a peak")
    button.setCheckable(True)
    click = key_text(f"{PICK_KEY}+A").removesuffix("A")
    next_one = key_text(find_key("accept_peak").key)
    button.setToolTip(
        "The box is on the wrong one of several rings? Then click on the right one."
        f" Without this button: {click}click on it, or {next_one} for the next one"
    )
    return button


def _words() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _page(*parts: QWidget | QLayout) -> QScrollArea:
    """Put parts below each other; they scroll where there is no room."""
    inside = QWidget()
    column = QVBoxLayout(inside)
    column.setContentsMargins(*4 * (_PAGE_MARGIN_PX,))
    for part in parts:
        if isinstance(part, QWidget):
            column.addWidget(part)
        else:
            column.addLayout(part)
    column.addStretch(1)
    page = QScrollArea()
    page.setWidget(inside)
    page.setWidgetResizable(True)
    page.setFrameShape(QFrame.Shape.NoFrame)
    page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return page
