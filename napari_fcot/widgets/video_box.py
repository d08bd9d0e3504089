"""Which video is at work, how far it and its neighbours are, where boxes are saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_fcot.tracking import FolderVideo
from napari_fcot.widgets._rows import row_of
from napari_fcot.widgets.panel_keys import key_button


class VideoBox(QWidget):
    """The list of videos, buttons to open more, and the project's name."""

    picked = Signal(int)
    """A person chose a layer: its row in the list."""
    file_picked = Signal(object)
    """A person chose another file of the folder: its path."""
    folder_wanted = Signal()
    """A person wants to work on the videos of a folder."""
    done_changed = Signal(bool)
    """A person says that the video needs no more work, or does."""
    next_wanted = Signal()
    """A person wants the next video of the folder."""
    open_wanted = Signal()
    """A person wants to open a video file."""
    project_wanted = Signal()
    """A person wants to open a project."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.videos = QComboBox()
        self.videos.setToolTip(
            "Image layers with the axes (time, y, x), then the other videos of the "
            "folder: ○ untouched, ◐ begun, ● done"
        )
        self._n_layers = 0
        self._files: list[FolderVideo] = []
        self.videos.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.videos.activated.connect(self._on_activated)
        self.open = QPushButton("Open…")
        self.open.setToolTip("A video file, shown frame by frame, or a project")
        menu = QMenu(self.open)
        menu.addAction("Video…", lambda: self.open_wanted.emit())
        menu.addAction("Folder of videos…", lambda: self.folder_wanted.emit())
        menu.addAction("Project…", lambda: self.project_wanted.emit())
        self.open.setMenu(menu)
        self.project = QLabel()
        self.project.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.done = QCheckBox("Done")
        self.done.setToolTip("This video needs no more work; kept in its project")
        self.done.clicked.connect(self.done_changed.emit)
        self.next = key_button("Next", "next_video", "The next video of the folder")
        self.next.clicked.connect(lambda: self.next_wanted.emit())
        self.project.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        )
        below = QHBoxLayout()
        below.addWidget(self.project, stretch=1)
        below.addWidget(self.done)
        below.addWidget(self.next)
        form = QFormLayout()
        form.addRow("Video", row_of(self.videos, self.open))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addLayout(below)

    def show_videos(
        self, names: Sequence[str], chosen: int, files: Sequence[FolderVideo] = ()
    ) -> None:
        """List videos and mark one, or none with -1.

        Args:
            names: of the layers.
            chosen: which of them is at work.
            files: other videos of the folder.
        """
        self._n_layers, self._files = len(names), list(files)
        self.videos.clear()
        self.videos.addItems(list(names))
        if files:
            self.videos.insertSeparator(len(names))
            self.videos.addItems([one.text for one in files])
        self.videos.setCurrentIndex(chosen)
        self.videos.setPlaceholderText(
            "Choose a video layer" if names else "Open a video first"
        )
        self.next.setVisible(bool(files))

    def _on_activated(self, row: int) -> None:
        place = row - self._n_layers - 1  # behind the separator
        if row < self._n_layers:
            self.picked.emit(row)
        elif 0 <= place < len(self._files):
            self.file_picked.emit(self._files[place].path)

    def show_done(self, is_done: bool, *, can_change: bool) -> None:
        """Say whether the video needs no more work."""
        self.done.setChecked(is_done)
        self.done.setEnabled(can_change)

    def show_project(self, path: Path | None, *, is_saved: bool) -> None:
        """Say where the work is saved, or will be after the first box."""
        if path is None:
            self.project.setText("")
            self.project.setToolTip("")
            return
        verb = "Saved in" if is_saved else "Will be saved in"
        text = f"{verb} {path.name}"
        room = max(self.project.width(), 150)
        metrics = self.project.fontMetrics()
        self.project.setText(
            metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room)
        )
        self.project.setToolTip(f"{path}\nEvery box is saved at once.")
