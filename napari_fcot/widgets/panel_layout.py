"""The parts of the panel and where they stand; nothing in here does anything."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPainter, QPaintEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QFrame,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from napari_fcot.keys import KeyAction, KeyTable, find_key
from napari_fcot.layers import PICK_KEY
from napari_fcot.preferences import PreferencesStore
from napari_fcot.tracking import Activity, TrackerChoice, TrackingController
from napari_fcot.widgets._rows import row_of
from napari_fcot.widgets.class_box import ClassBox
from napari_fcot.widgets.first_steps import FirstSteps
from napari_fcot.widgets.forms import Form
from napari_fcot.widgets.panel_keys import KeySheet, key_button, key_text, tell_key
from napari_fcot.widgets.report_boxes import ChangeReportBar, SelfCheckBox
from napari_fcot.widgets.run_box import RunBox
from napari_fcot.widgets.target_table import TargetTable
from napari_fcot.widgets.video_box import VideoBox
from napari_fcot.widgets.view_box import HeatmapLook, PlayBox
from napari_fcot.widgets.work_list_box import WorkListBox

WIDTH_PX = 340
"""How wide the panel is at first: enough for its words, most is for the video."""
_SMALL_BUTTON_PX = 32
_PAGE_MARGIN_PX = 6
_BAR_HEIGHT_PX = 12
_PADDING_PX = 4


class PanelLayout(QWidget):
    """Video and targets on top, then a tab for each thing to do, then the status.

    What is needed in every tab, such as Stop, is above and below them: it fits a small
    laptop's screen with the timeline open.

    Args:
        preferences: says whether the first steps are shown.
        keys: which key is whose.
        ask_key: asks for another key.
        show_problem: says why a key cannot be used.
    """

    def __init__(
        self,
        preferences: PreferencesStore,
        keys: KeyTable,
        *,
        ask_key: Callable[[QWidget, KeyAction, str], str | None],
        show_problem: Callable[[QWidget, str], None],
    ) -> None:
        super().__init__()
        self.video = VideoBox()
        self.first_steps = FirstSteps(preferences)
        self.targets = TargetTable()
        self.classes = ClassBox()
        self.class_colours = QCheckBox("Colours of classes")
        self.class_colours.setToolTip(
            "A target that gets a class by its digit or from the list takes the colour "
            "of the class, too"
        )
        self.draw = key_button("Draw", "draw_box", "Then drag over the object")
        self.edit = key_button(
            "Edit", "edit_box", "Move or resize the box; that corrects the tracker"
        )
        self.new_target = key_button("New", "new_target", "Follow one more object")
        self.undo = _small_button("↶", "undo", "Take back the last edit or run")
        self.redo = _small_button("↷", "redo", "Repeat what was taken back")
        self.box_text = OneLine()
        self.zoom = _small_button(
            "⌕", "zoom_to_target", "Show the target large, or all"
        )
        self.run = RunBox()
        self.network = Form(TrackerChoice())
        self.network_text = _words()
        self.statistics = _words()
        self.work = WorkListBox()
        self.check = SelfCheckBox()
        self.heatmap = QCheckBox("Heatmap")
        tell_key(
            self.heatmap, "toggle_heatmap", "Where the tracker sees the selected target"
        )
        self.show_timeline = QCheckBox("Timeline")
        self.show_timeline.setToolTip("Every target along time, below the video")
        self.heatmap_look = Form(HeatmapLook())
        self.pick = _pick_button()
        self.play = PlayBox()
        self.load = QPushButton("Import…")
        self.load.setToolTip("Start from boxes in a MOT, COCO or CVAT file")
        self.export = QPushButton("Export…")
        self.export.setToolTip("Write all boxes into a folder")
        self.keys = QCollapsible("Keys", expandedIcon="▾", collapsedIcon="▸")
        self.keys.setDuration(0)
        self.keys.addWidget(KeySheet(keys, ask_key=ask_key, show_problem=show_problem))
        self.report = ChangeReportBar()
        self.progress = ProgressRow()
        self.status = _words()
        self.tabs = QTabWidget()
        self._arrange()

    def _arrange(self) -> None:
        self.trails = QCheckBox("Trails")
        self.trails.setToolTip("Show the ways that the targets took, as a layer")
        self.tabs.addTab(
            _page(self.run, self.network.native, self.network_text), "Track"
        )
        counts = QGroupBox("So far")
        column = QVBoxLayout(counts)
        column.setContentsMargins(*4 * (_PADDING_PX,))
        column.addWidget(self.statistics)
        self.tabs.addTab(_page(self.work, self.check, counts), "Check")
        checks = row_of(self.heatmap, self.trails, self.show_timeline, self.pick)
        self.tabs.addTab(
            _page(self.play, checks, self.heatmap_look.native, self.class_colours),
            "View",
        )
        self.tabs.addTab(
            _page(row_of(self.load, self.export), self.keys), "Files, keys"
        )
        layout = QVBoxLayout(self)
        layout.setSpacing(4)
        layout.addWidget(self.video)
        layout.addWidget(self.first_steps)
        layout.addWidget(self.targets)
        classes = QHBoxLayout()
        classes.addWidget(self.classes, stretch=1)
        classes.addWidget(self.zoom)
        layout.addLayout(classes)
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


def _small_button(sign: str, action_id: str, tip: str) -> QPushButton:
    button = key_button(sign, action_id, tip)
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


class OneLine(QWidget):
    """Shows one line, shortened where there is no room for it.

    A label asks the whole panel to be laid out anew with each other text; this one is
    as high as a line and as wide as it is given, whatever it shows.

    Args:
        parent: the widget it is in.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def text(self) -> str:
        """What it shows."""
        return self._text

    def setText(self, text: str) -> None:  # noqa: N802 - as a label calls it
        """Show another text."""
        if text != self._text:
            self._text = text
            self.setToolTip(text)
            self.setAccessibleName(text)
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """One line high."""
        return QSize(0, self.fontMetrics().height() + _PADDING_PX)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw the text in the colour of the theme."""
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        shown = self.fontMetrics().elidedText(
            self._text, Qt.TextElideMode.ElideRight, self.width()
        )
        place = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect(), int(place), shown)
        painter.end()


class ProgressRow(QWidget):
    """A bar and a button.

    Args:
        parent: the widget it is in.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(_BAR_HEIGHT_PX)
        self.stop = key_button(
            "Stop", "stop", "Stop at once; everything tracked so far is kept"
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar, stretch=1)
        row.addWidget(self.stop)

    def show_state(self, controller: TrackingController) -> None:
        """Show how far a run is.

        Where nobody knows the bar is empty, and the status says what goes on. A bar
        that moves to and fro has the whole window composed again for each of its
        pictures: with OpenGL in software that takes the tracker's processor.
        """
        self.stop.setEnabled(controller.runs.can_stop)
        progress = controller.runs.progress
        is_waiting = controller.runs.activity in (
            Activity.EXPORTING,
            Activity.CHECKING,
        ) or (controller.runs.can_stop and bool(controller.runs.stage))
        if is_waiting or progress is None:
            self.bar.setRange(0, 1)
            self.bar.setValue(0)
        else:
            self.bar.setRange(0, progress.total)
            self.bar.setValue(progress.done)
