"""What a correction has changed, to keep or to take back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fcot_engine.annotation import TargetReport

__all__ = ["ChangeReportBar", "describe_reports"]

_MOST_LINES = 3


class ChangeReportBar(QFrame):
    """A few lines with two buttons; not there while there is nothing to say.

    Args:
        parent: the widget it is in.
    """

    kept = Signal()
    """The changes are fine."""
    rejected = Signal()
    """The changes are to be taken back; what the person drew stays."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.keep = QPushButton("Keep")
        self.keep.setToolTip("Leave these boxes as they are now")
        self.take_back = QPushButton("Take back")
        self.take_back.setToolTip(
            "Bring back the boxes from before; the box that you drew stays"
        )
        buttons = QHBoxLayout()
        buttons.addWidget(self.keep)
        buttons.addWidget(self.take_back)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(4)
        layout.addWidget(self.words)
        layout.addLayout(buttons)
        self.keep.clicked.connect(self._on_keep)
        self.take_back.clicked.connect(self._on_take_back)
        self.clear()

    def show_reports(
        self, reports: Sequence[TargetReport], names: Mapping[int, str]
    ) -> None:
        """Show what changed; nothing hides the bar. Cheap if it is there already.

        Args:
            reports: of one run, one for each target.
            names: of targets, by id.
        """
        text = describe_reports(reports, names)
        if text == self.words.text():
            return
        self.words.setText(text)
        self.words.setToolTip(describe_reports(reports, names, most=len(reports)))
        self.setVisible(bool(text))

    def clear(self) -> None:
        """Have nothing to say."""
        self.words.setText("")
        self.hide()

    def _on_keep(self) -> None:
        self.clear()
        self.kept.emit()

    def _on_take_back(self) -> None:
        self.clear()
        self.rejected.emit()


def describe_reports(
    reports: Sequence[TargetReport],
    names: Mapping[int, str],
    *,
    most: int = _MOST_LINES,
) -> str:
    """Return one line for each target, and one for those there is no room for."""
    lines = [
        f"{names.get(one.target_id, f'target {one.target_id}')}: {one.text}"
        for one in reports[:most]
    ]
    left_out = len(reports) - len(lines)
    if left_out:
        lines.append(f"and {left_out} more {'target' if left_out == 1 else 'targets'}")
    return "\n".join(lines)
