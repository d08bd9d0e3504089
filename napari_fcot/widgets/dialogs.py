"""Questions and answers; functions, so that a test can answer for a person."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QFileDialog, QMessageBox, QWidget

from fcot_engine.annotation import PALETTE
from napari_fcot.reader import PROJECT_SUFFIX, VIDEO_SUFFIXES
from napari_fcot.widgets.target_model import TargetLineData

__all__ = [
    "ask_colour",
    "ask_export_folder",
    "ask_import_path",
    "ask_moved_video",
    "ask_project_file",
    "ask_removal",
    "ask_video_file",
    "describe_removal",
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


def ask_colour(parent: QWidget, colour: str) -> str | None:
    """Ask for a colour, `#rrggbb`; None if the person thought better of it."""
    for place, known in enumerate(PALETTE):
        QColorDialog.setCustomColor(place, QColor(known))
    chosen = QColorDialog.getColor(QColor(colour), parent, "Colour of the target")
    return chosen.name() if chosen.isValid() else None


def ask_removal(parent: QWidget, line: TargetLineData) -> bool:
    """Ask whether a target may go, with all its boxes."""
    box = QMessageBox(
        QMessageBox.Icon.Question,
        "Remove a target",
        describe_removal(line),
        QMessageBox.StandardButton.Cancel,
        parent,
    )
    remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    box.exec()
    is_wanted = box.clickedButton() is remove
    box.deleteLater()
    return is_wanted


def describe_removal(line: TargetLineData) -> str:
    """Say what goes with a target.

    Example:
        >>> describe_removal(
        ...     TargetLineData(target_id=1, name="Ann", class_name="bird",
        ...                    colour="#e69f00", n_drawn=2, n_boxes=40)
        ... )
        'Remove Ann with its 40 boxes, 2 of them drawn by you? Undo brings it back.'
    """
    boxes = ""
    if line.n_boxes:
        plural = "box" if line.n_boxes == 1 else "boxes"
        boxes = (
            f" with its {line.n_boxes} {plural}, {line.n_drawn} of them drawn by you"
        )
    return f"Remove {line.name}{boxes}? Undo brings it back."
