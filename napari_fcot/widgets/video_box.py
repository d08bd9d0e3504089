"""Which video is at work, and where its boxes are saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_fcot.widgets._rows import row_of


class VideoBox(QWidget):
    """The list of videos, buttons to open more, and the project's name."""

    picked = Signal(int)
    """A person chose a row of the list."""
    open_wanted = Signal()
    """A person wants to open a video file."""
    project_wanted = Signal()
    """A person wants to open a project."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.videos = QComboBox()
        self.videos.setToolTip("An Image layer with the axes (time, y, x)")
        self.videos.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.videos.activated.connect(self.picked.emit)
        self.open = QPushButton("Open…")
        self.open.setToolTip("A video file, shown frame by frame, or a project")
        menu = QMenu(self.open)
        menu.addAction("Video…", lambda: self.open_wanted.emit())
        menu.addAction("Project…", lambda: self.project_wanted.emit())
        self.open.setMenu(menu)
        self.project = QLabel()
        self.project.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        form = QFormLayout()
        form.addRow("Video", row_of(self.videos, self.open))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self.project)

    def show_videos(self, names: Sequence[str], chosen: int) -> None:
        """List videos and mark one, or none with -1."""
        self.videos.clear()
        self.videos.addItems(list(names))
        self.videos.setCurrentIndex(chosen)
        self.videos.setPlaceholderText(
            "Choose a video layer" if names else "Open a video first"
        )

    def show_project(self, path: Path | None, *, is_saved: bool) -> None:
        """Say where the work is saved, or will be after the first box."""
        if path is None:
            self.project.setText("")
            self.project.setToolTip("")
            return
        verb = "Saved in" if is_saved else "Will be saved in"
        text = f"{verb} {path.name}"
        room = max(self.width(), 300)
        metrics = self.project.fontMetrics()
        self.project.setText(
            metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room)
        )
        self.project.setToolTip(f"{path}\nEvery box is saved at once.")
