"""What a correction has changed, and how good the boxes are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fcot_engine.annotation import SelfCheck, TargetReport

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


_START, _STOP = "Estimate quality", "Stop estimating"
_TIP = (
    "Leaves out each of your boxes in turn, and looks whether tracking from the others "
    "finds it again"
)
_TOO_FEW = "Draw boxes in two or more frames of a target, then ask again."
_WHAT_IS_GOOD = (
    "A box counts as good if it overlaps the right one by at least {good:.0%} (IoU). "
    "The estimate is rather too low than too high: your box helps where it was left "
    "out, and people draw where boxes were bad."
)


class SelfCheckBox(QWidget):
    """A button, and what it found out.

    Args:
        parent: the widget it is in.
    """

    check_wanted = Signal()
    """A person asks for an estimate."""
    stop_wanted = Signal()
    """A person does not want to wait for it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_running = False
        self.button = QPushButton(_START)
        self.button.setToolTip(_TIP)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.words = QLabel()
        self.words.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.button, self.bar, self.words):
            layout.addWidget(widget)
        self.button.clicked.connect(self._on_clicked)
        for widget in (self.bar, self.words):
            widget.hide()

    @property
    def is_running(self) -> bool:
        """Whether an estimate is being made."""
        return self._is_running

    def set_enabled(self, enabled: bool) -> None:
        """Say whether an estimate can be asked for; a running one can be stopped."""
        self.button.setEnabled(enabled or self._is_running)

    def show_running(self, n_done: int = 0, n_all: int | None = None) -> None:
        """Show how far the estimate is.

        Args:
            n_done: boxes checked so far.
            n_all: boxes to check, or None if nobody knows.
        """
        # with nothing known it is empty: one that moves to and fro costs much
        self.bar.setRange(0, n_all or 1)
        self.bar.setValue(n_done if n_all else 0)
        of_all = "" if n_all is None else f" of {n_all}"
        self._show(f"Checked {n_done}{of_all} of your boxes…", is_running=True)

    def show_result(self, check: SelfCheck) -> None:
        """Show what came out."""
        self._show(describe_check(check), is_running=False)
        self.words.setToolTip(_WHAT_IS_GOOD.format(good=check.good_iou))

    def clear(self) -> None:
        """Show nothing, such as for another video, or boxes that have changed."""
        self._show("", is_running=False)

    def _show(self, words: str, *, is_running: bool) -> None:
        if words == self.words.text() and is_running == self._is_running:
            return
        self._is_running = is_running
        self.button.setText(_STOP if is_running else _START)
        self.bar.setVisible(is_running)
        self.words.setText(words)
        self.words.setToolTip("")
        self.words.setVisible(bool(words))

    def _on_clicked(self) -> None:
        if self._is_running:
            self.stop_wanted.emit()
        else:
            self.check_wanted.emit()


def describe_check(check: SelfCheck) -> str:
    """Say how many frames are good, and how sure that is.

    Example:
        >>> from fcot_engine.annotation import HeldOut
        >>> ious = [0.9, 0.8, 0.7, 0.2]
        >>> held = (HeldOut(1, 10 * n, iou, 10) for n, iou in enumerate(ious))
        >>> describe_check(SelfCheck(tuple(held))).split(". ")[0]
        'About 75% of the frames are good'
    """
    if math.isnan(check.share):
        return _TOO_FEW
    low, high = check.interval
    n_boxes = len(check.held_out)
    boxes = "one of your boxes" if n_boxes == 1 else f"{n_boxes} of your boxes"
    return (
        f"About {check.share:.0%} of the frames are good. With {boxes} to judge by, it "
        f"may be anything from {low:.0%} to {high:.0%}."
    )
