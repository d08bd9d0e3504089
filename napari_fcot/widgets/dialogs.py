"""Questions and answers; functions, so that a test can answer for a person."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_fcot.reader import PROJECT_SUFFIX, VIDEO_SUFFIXES

__all__ = [
    "ask_export_folder",
    "ask_import_path",
    "ask_moved_video",
    "ask_project_file",
    "ask_video_file",
    "show_problem",
]

_TITLE = "FCOT box tracker"


def ask_video_file(parent: QWidget) -> Path | None:
    """Ask which video to open; None if the person thought better of it."""
    patterns = " ".join(f"*{suffix}" for suffix in (*VIDEO_SUFFIXES, ".tif", ".tiff"))
    chosen, _ = QFileDialog.getOpenFileName(
        parent, "Open a video", filter=f"Videos and stacks ({patterns});;All files (*)"
    )
    return Path(chosen) if chosen else None


def ask_project_file(parent: QWidget) -> Path | None:
    """Ask which project to open; None if the person thought better of it."""
    chosen, _ = QFileDialog.getOpenFileName(
        parent, "Open a project", filter=f"FCOT projects (*{PROJECT_SUFFIX})"
    )
    return Path(chosen) if chosen else None


def ask_moved_video(parent: QWidget, sentence: str) -> Path | None:
    """Say that a video is gone and ask where it is; None if nobody knows."""
    box = QMessageBox(
        QMessageBox.Icon.Question,
        _TITLE,
        sentence,
        QMessageBox.StandardButton.Cancel,
        parent,
    )
    find = box.addButton("Find the video…", QMessageBox.ButtonRole.AcceptRole)
    box.exec()
    if box.clickedButton() is not find:
        return None
    return ask_video_file(parent)


def ask_import_path(parent: QWidget) -> Path | None:
    """Ask for a file with boxes; None if the person thought better of it."""
    chosen, _ = QFileDialog.getOpenFileName(
        parent,
        "Import boxes",
        filter="Boxes: MOT, COCO, CVAT (*.txt *.json *.xml);;All files (*)",
    )
    return Path(chosen) if chosen else None


def ask_export_folder(parent: QWidget) -> Path | None:
    """Ask where to put the exported files; None if the person thought better of it."""
    chosen = QFileDialog.getExistingDirectory(parent, "Export boxes to a folder")
    return Path(chosen) if chosen else None


def show_problem(parent: QWidget, sentence: str) -> None:
    """Show one clear sentence, without stopping what else goes on."""
    box = QMessageBox(
        QMessageBox.Icon.Warning,
        _TITLE,
        sentence,
        QMessageBox.StandardButton.Ok,
        parent,
    )
    box.setModal(False)
    box.open()
