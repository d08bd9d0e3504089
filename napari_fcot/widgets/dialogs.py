"""Questions and answers; functions, so that a test can answer for a person."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from qtpy.QtGui import QColor, QKeySequence
from qtpy.QtWidgets import (
    QColorDialog,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QKeySequenceEdit,
    QLabel,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fcot_engine.annotation import PALETTE, AttributeValue
from fcot_engine.errors import EditError, ExportError, TrackFileError
from fcot_engine.formats import FORMATS
from napari_fcot.keys import KeyAction
from napari_fcot.reader import PROJECT_SUFFIX, VIDEO_SUFFIXES
from napari_fcot.widgets.forms import ask
from napari_fcot.widgets.target_model import TargetLineData, write_value

_TITLE = "FCOT box tracker"
_BOOLS = {"yes": True, "true": True, "no": False, "false": False}

# --- files and folders -----------------------------------------------------------


def ask_folder(parent: QWidget, begin: Path | None) -> Path | None:
    """Ask for a folder of videos; None if the person thought better of it."""
    chosen = QFileDialog.getExistingDirectory(
        parent, "Open a folder of videos", str(begin or "")
    )
    return Path(chosen) if chosen else None


def ask_video_file(parent: QWidget, begin: Path | None = None) -> Path | None:
    """Ask which video to open; None if the person thought better of it.

    Args:
        parent: the window to be in front of.
        begin: the folder to begin in.
    """
    patterns = " ".join(f"*{suffix}" for suffix in (*VIDEO_SUFFIXES, ".tif", ".tiff"))
    chosen, _ = QFileDialog.getOpenFileName(
        parent,
        "Open a video",
        str(begin or ""),
        filter=f"Videos and stacks ({patterns});;All files (*)",
    )
    return Path(chosen) if chosen else None


def ask_project_file(parent: QWidget, begin: Path | None = None) -> Path | None:
    """Ask which project to open; None if the person thought better of it.

    Args:
        parent: the window to be in front of.
        begin: the folder to begin in.
    """
    chosen, _ = QFileDialog.getOpenFileName(
        parent,
        "Open a project",
        str(begin or ""),
        filter=f"FCOT projects (*{PROJECT_SUFFIX})",
    )
    return Path(chosen) if chosen else None


def ask_moved_video(parent: QWidget, sentence: str) -> Path | None:
    """Say that a video is gone and ask where it is; None if nobody knows."""
    box, find = _question(parent, _TITLE, sentence, "Find the video…")
    box.exec()
    return ask_video_file(parent) if box.clickedButton() is find else None


@dataclass(frozen=True, kw_only=True)
class ExportChoice:
    """Where boxes are exported to, and how."""

    folder: Annotated[Path | None, {"mode": "d"}] = None
    """Each format gets a folder of its own in it."""
    mot: Annotated[bool, {"label": "MOT"}] = True
    """MOTChallenge: one text file with a line for each box."""
    coco: Annotated[bool, {"label": "COCO"}] = True
    """One JSON file, with what every box came from."""
    cvat: Annotated[bool, {"label": "CVAT"}] = False
    """CVAT for video: one XML file, ready to go on with there."""
    yolo: Annotated[bool, {"label": "YOLO"}] = False
    """A text file for each frame, for training detectors."""
    lasot: Annotated[bool, {"label": "LaSOT"}] = False
    """A folder for each target, as in the benchmark LaSOT."""
    got10k: Annotated[bool, {"label": "GOT-10k"}] = False
    """A folder for each target, as in the benchmark GOT-10k."""

    images: Annotated[bool, {"label": "Images, too"}] = False
    """Writes the frames where the labels look for them: for MOT, COCO and YOLO."""

    @property
    def formats(self) -> tuple[str, ...]:
        """Names that `fcot_engine.formats.export_tracks` knows."""
        return tuple(name for name in FORMATS if getattr(self, name))

    def check(self) -> None:
        """Raise `ExportError` where nothing could be written."""
        if not self.formats:
            raise ExportError("Nothing to export: choose one format or more.")
        if self.folder is None:
            raise ExportError("Choose a folder for the files.")


def ask_export(parent: QWidget, choice: ExportChoice) -> ExportChoice | None:
    """Ask where to export to; None if the person thought better of it."""
    return ask(
        parent, "Export boxes", choice, action="Export", check=ExportChoice.check
    )


@dataclass(frozen=True, kw_only=True)
class ImportChoice:
    """Which file boxes are taken from, and how it counts."""

    path: Annotated[
        Path | None,
        {
            "label": "File",
            "filter": "Boxes: MOT, COCO, CVAT (*.txt *.json *.xml *.zip);;All (*)",
        },
    ] = None
    """A MOT, COCO or CVAT file; its boxes become new targets."""
    pixel_origin: Annotated[
        Literal["as the file says", "0", "1"], {"label": "First pixel (MOT)"}
    ] = "as the file says"
    """Whether a MOT file calls the first pixel 0 or 1; MOTChallenge says 1."""

    @property
    def origin(self) -> int | None:
        """As `fcot_engine.formats.read_tracks` takes it."""
        return int(self.pixel_origin) if self.pixel_origin.isdigit() else None

    def check(self) -> None:
        """Raise `TrackFileError` where there is no file."""
        if self.path is None or not self.path.is_file():
            raise TrackFileError("Choose a file with boxes.")


def ask_import(parent: QWidget, choice: ImportChoice) -> ImportChoice | None:
    """Ask for a file with boxes; None if the person thought better of it."""
    return ask(
        parent, "Import boxes", choice, action="Import", check=ImportChoice.check
    )


# --- targets ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class TargetDescription:
    """What a person can say about a target."""

    name: str
    """What the target is called."""
    class_name: Annotated[str, {"label": "Class"}]
    """Its kind, for exports."""
    attributes: Annotated[str, {"widget_type": "TextEdit"}] = ""
    """Anything else worth saying, one a line, such as parked: yes, or age: 3"""


def ask_description(parent: QWidget, line: TargetLineData) -> dict[str, object] | None:
    """Ask what a target is; None if the person thought better of it.

    Returns:
        What has changed, as arguments of `describe_target`.
    """

    def read(said: TargetDescription) -> dict[str, AttributeValue]:
        if not said.name.strip() or not said.class_name.strip():
            raise EditError("A target needs a name and a class.")
        return read_attributes(said.attributes, line.attributes)

    before = TargetDescription(
        name=line.name,
        class_name=line.class_name,
        attributes=write_attributes(line.attributes),
    )
    said = ask(parent, f"About {line.name}", before, check=read)
    if said is None:
        return None
    changes: dict[str, object] = {}
    if said.name.strip() != line.name:
        changes["name"] = said.name.strip()
    if said.class_name.strip() != line.class_name:
        changes["class_name"] = said.class_name.strip()
    if (attributes := read(said)) != dict(line.attributes):
        changes["attributes"] = attributes
    return changes


def ask_colour(parent: QWidget, colour: str) -> str | None:
    """Ask for a colour, `#rrggbb`; None if the person thought better of it."""
    for place, known in enumerate(PALETTE[: QColorDialog.customCount()]):
        QColorDialog.setCustomColor(place, QColor(known))
    chosen = QColorDialog.getColor(QColor(colour), parent, "Colour of the target")
    return chosen.name() if chosen.isValid() else None


def ask_removal(parent: QWidget, lines: Sequence[TargetLineData]) -> bool:
    """Ask whether targets may go, with all their boxes."""
    box, remove = _question(
        parent, "Remove targets", describe_removal(lines), "Remove", is_grave=True
    )
    box.exec()
    is_wanted = box.clickedButton() is remove
    box.deleteLater()
    return is_wanted


def describe_removal(lines: Sequence[TargetLineData]) -> str:
    """Say what goes with targets.

    Example:
        >>> ann = TargetLineData(target_id=1, name="Ann", class_name="bird",
        ...                      colour="#e69f00", n_drawn=2, n_boxes=40)
        >>> describe_removal([ann])
        'Remove Ann with its 40 boxes, 2 of them drawn by you? Undo brings it back.'
    """
    n_boxes = sum(line.n_boxes for line in lines)
    n_drawn = sum(line.n_drawn for line in lines)
    is_one = len(lines) == 1
    who = lines[0].name if is_one else f"{len(lines)} targets"
    boxes = ""
    if n_boxes:
        plural = "box" if n_boxes == 1 else "boxes"
        whose = "its" if is_one else "their"
        boxes = f" with {whose} {n_boxes} {plural}, {n_drawn} of them drawn by you"
    return f"Remove {who}{boxes}? Undo brings {'it' if is_one else 'them'} back."


# --- attributes as text ----------------------------------------------------------


def read_value(text: str) -> AttributeValue:
    """Read yes/no, a number, or else a text.

    Example:
        >>> read_value("yes"), read_value("12"), read_value("0.5"), read_value("red")
        (True, 12, 0.5, 'red')
    """
    text = text.strip()
    if text.lower() in _BOOLS:
        return _BOOLS[text.lower()]
    for kind in (int, float):
        try:
            number: int | float = kind(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else text
    return text


def write_attributes(attributes: Mapping[str, AttributeValue]) -> str:
    r"""Write attributes one a line, as people write them.

    Example:
        >>> write_attributes({"parked": True, "age": 3})
        'parked: yes\nage: 3'
    """
    return "\n".join(
        f"{key}: {write_value(value)}" for key, value in attributes.items()
    )


def read_attributes(
    text: str, before: Mapping[str, AttributeValue]
) -> dict[str, AttributeValue]:
    """Read attributes, one a line.

    Args:
        text: lines such as `age: 3`; empty ones are left out.
        before: what the text was made of. A line that is still the same keeps name and
            type: the text "12" does not become a number.

    Raises:
        EditError: a name is missing or there twice.
    """
    known = {
        write_attributes({key: value}): (key, value) for key, value in before.items()
    }
    found: dict[str, AttributeValue] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, colon, rest = (part.strip() for part in line.partition(":"))
        value = read_value(rest)
        if line in known:
            key, value = known[line]
        elif not key or not colon:
            raise EditError(f"Write {line!r} as a name, a colon and a value.")
        if key in found:
            raise EditError(f"There are two attributes called {key!r}.")
        found[key] = value
    return found


# --- keys ------------------------------------------------------------------------


def ask_key(parent: QWidget, action: KeyAction, key: str) -> str | None:
    """Ask for another key; None if the person thought better of it.

    Args:
        parent: the window to be in front of.
        action: what the key does.
        key: the present one.
    """
    dialog = QDialog(parent)
    dialog.setWindowTitle(_TITLE)
    edit = QKeySequenceEdit(QKeySequence(key), dialog)
    edit.setMaximumSequenceLength(1)
    role = QDialogButtonBox.ButtonRole
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    buttons.addButton("Use this key", role.AcceptRole)
    usual = buttons.addButton(f"Usual key ({action.key})", role.ActionRole)
    if usual is not None:
        usual.clicked.connect(lambda: edit.setKeySequence(QKeySequence(action.key)))
    layout = QVBoxLayout(dialog)
    layout.addWidget(QLabel(f"{action.words}: press the key that you want"))
    layout.addWidget(edit)
    layout.addWidget(buttons)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    is_accepted = dialog.exec() == QDialog.DialogCode.Accepted
    text = edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
    dialog.deleteLater()
    return text if is_accepted and text else None


# --- messages --------------------------------------------------------------------


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


def _question(
    parent: QWidget, title: str, sentence: str, action: str, *, is_grave: bool = False
) -> tuple[QMessageBox, QPushButton | None]:
    """Return a question that is not asked yet, and its button for yes."""
    cancel = QMessageBox.StandardButton.Cancel
    box = QMessageBox(QMessageBox.Icon.Question, title, sentence, cancel, parent)
    role = QMessageBox.ButtonRole
    kind = role.DestructiveRole if is_grave else role.AcceptRole
    button = box.addButton(action, kind)
    if is_grave:
        box.setDefaultButton(cancel)
    return box, button
