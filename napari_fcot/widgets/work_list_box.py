"""Where to look next: the frames whose correction is worth most, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psygnal import Signal
from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from fcot_engine.annotation import WorkStop
from napari_fcot.widgets.panel_keys import tell_key

_MOST_ROWS = 5
_CELL_PADDING_PX = 6
_MARGIN_PX = 4
_WIDEST_NAME_PX = 80
_TITLES = ("Frame", "Target", "Why", "Saves")
_WHY = 2
_SAVES_TIP = (
    "How many boxes a correction here may save you from drawing, at most 1. A guess: "
    "it puts the frames in order, no more"
)
_NOTHING = "Nothing stands out for now."


class WorkListBox(QGroupBox):
    """Shows the first stops; tells which one to go to and which are fine as they are.

    Args:
        parent: the widget it is in.
    """

    stop_wanted = Signal(object)
    """A `WorkStop` to go to."""
    passed_over = Signal(object)
    """A `WorkStop` that a person looked at and found good. If others are left,
    `stop_wanted` follows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Where to look next", parent)
        self._stops: list[WorkStop] = []
        self._names: dict[int, str] = {}
        self._current: WorkStop | None = None
        self.table = _StopTable()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.next = QPushButton("Next problem")
        self.looks_good = QPushButton("Looks good")
        self._build()
        self.next.clicked.connect(self.go_to_next)
        self.looks_good.clicked.connect(self.pass_over_current)
        self.table.cellClicked.connect(self._on_clicked)
        self.table.cellActivated.connect(self._on_clicked)
        self._refresh()

    def _build(self) -> None:
        tell_key(
            self.next,
            "next_problem",
            "Go to the frame whose correction is worth most",
        )
        tell_key(
            self.looks_good,
            "looks_good",
            "Leave this box as it is, and go to the next problem",
        )
        buttons = QHBoxLayout()
        buttons.addWidget(self.next)
        buttons.addWidget(self.looks_good)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*4 * (_MARGIN_PX,))
        layout.addLayout(buttons)
        layout.addWidget(self.table)
        layout.addWidget(self.words)

    # --- what is shown -------------------------------------------------------

    @property
    def current(self) -> WorkStop | None:
        """The stop that a person went to, as long as it is in the list."""
        return self._current

    def show_stops(self, stops: Sequence[WorkStop], names: Mapping[int, str]) -> None:
        """Show the most worthwhile stops; cheap if they are there already.

        Args:
            stops: the most worthwhile first; more than there is room for are fine.
            names: of targets, by id.
        """
        if list(stops) == self._stops and dict(names) == self._names:
            return
        self._stops, self._names = list(stops), dict(names)
        self._current = self._find(self._current)
        self._refresh()

    def _find(self, wanted: WorkStop | None) -> WorkStop | None:
        """Return the same place in the present list, or None."""
        for stop in self._stops:
            if wanted is not None and _place(stop) == _place(wanted):
                return stop
        return None

    def _refresh(self) -> None:
        self.table.show_rows([self._row(stop) for stop in self._stops[:_MOST_ROWS]])
        self.table.setVisible(bool(self._stops))
        self.next.setEnabled(bool(self._stops))
        self._refresh_current()

    def _refresh_current(self) -> None:
        shown = self._stops[:_MOST_ROWS]
        self.table.mark(
            None if self._current not in shown else shown.index(self._current)
        )
        self.looks_good.setEnabled(self._current is not None)
        if self._current is not None:
            self.words.setText(describe_stop(self._current, self._names))
        else:
            self.words.setText("" if self._stops else _NOTHING)
        self.words.setVisible(bool(self.words.text()))

    def _row(self, stop: WorkStop) -> tuple[tuple[str, str, str, str], str]:
        name = self._names.get(stop.target_id, f"target {stop.target_id}")
        short = self.fontMetrics().elidedText(
            name, Qt.TextElideMode.ElideRight, _WIDEST_NAME_PX
        )
        why = name_reasons(stop.reasons)
        cells = (str(stop.frame_index), short, why, f"{stop.expected_saving:.2f}")
        return cells, describe_stop(stop, self._names)

    # --- what a person does --------------------------------------------------

    def go_to_next(self) -> None:
        """Go to the most worthwhile stop, or to the one behind the present one."""
        if not self._stops:
            return
        place = -1 if self._current is None else self._stops.index(self._current)
        self._go_to(self._stops[(place + 1) % len(self._stops)])

    def pass_over_current(self) -> None:
        """Leave the present stop as it is, and go to the most worthwhile other one."""
        passed, self._current = self._current, None
        if passed is None:
            return
        self.passed_over.emit(passed)  # usually brings a new list
        others = [stop for stop in self._stops if _place(stop) != _place(passed)]
        if others:
            self._go_to(others[0])
        else:
            self._refresh_current()

    def _go_to(self, stop: WorkStop) -> None:
        self._current = stop
        self._refresh_current()
        self.stop_wanted.emit(stop)

    def _on_clicked(self, row: int, column: int = 0) -> None:
        if 0 <= row < len(self._stops):
            self._go_to(self._stops[row])


class _StopTable(QTableWidget):
    """A few rows of words; none of them can be written in."""

    def __init__(self) -> None:
        super().__init__(0, len(_TITLES))
        self.setHorizontalHeaderLabels(list(_TITLES))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys stay with the panel
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header, side = self.horizontalHeader(), self.verticalHeader()
        saves = self.horizontalHeaderItem(len(_TITLES) - 1)
        if header is None or side is None or saves is None:
            return
        saves.setToolTip(_SAVES_TIP)
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        header.setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_WHY, QHeaderView.ResizeMode.Stretch)
        side.hide()
        side.setMinimumSectionSize(1)
        side.setDefaultSectionSize(self.fontMetrics().height() + _CELL_PADDING_PX)

    def show_rows(self, rows: Sequence[tuple[Sequence[str], str]]) -> None:
        """Show the words of each row, with a tooltip."""
        self.setRowCount(len(rows))
        for row, (cells, tip) in enumerate(rows):
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(tip)
                self.setItem(row, column, item)
        self.setFixedHeight(self.sizeHint().height())

    def mark(self, row: int | None) -> None:
        """Mark one row, or none."""
        if row is None:
            self.clearSelection()
        else:
            self.selectRow(row)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As high as its rows."""
        header, side = self.horizontalHeader(), self.verticalHeader()
        if header is None or side is None:
            return super().sizeHint()
        rows = self.rowCount() * side.defaultSectionSize()
        height = header.sizeHint().height() + rows + 2 * self.frameWidth()
        return QSize(super().sizeHint().width(), height)


def _place(stop: WorkStop) -> tuple[int, int]:
    return stop.target_id, stop.frame_index


_NAMES = {
    "low_score": "unsure",
    "is_lost": "lost",
    "look_alike": "look-alike",
    "disagreement": "runs disagree",
    "jump": "jumps",
    "resize": "size changes",
    "far_from_drawn": "far from yours",
    "doubt_since_drawn": "doubt before",
    "gap": "no box",
}
_SENTENCES = {
    "low_score": "the tracker is not sure of this box",
    "is_lost": "the tracker did not see the target",
    "look_alike": "something else nearby looks alike",
    "disagreement": "tracking forward and backward lead to different boxes",
    "jump": "the box jumps",
    "resize": "the box changes its size at once",
    "far_from_drawn": "your nearest box is far away",
    "doubt_since_drawn": "the tracker may have gone astray somewhat earlier",
    "gap": "there is no box",
}
_NOTHING_SPECIAL = "nothing stands out, but nobody has looked here"


def name_reasons(reasons: tuple[str, ...]) -> str:
    """Return reasons in few words, for a cell of a table.

    Example:
        >>> name_reasons(("jump", "low_score"))
        'jumps, unsure'
    """
    return ", ".join(_NAMES.get(name, _plain(name)) for name in reasons) or "spot check"


def describe_reasons(reasons: tuple[str, ...]) -> str:
    """Return reasons as a sentence.

    Example:
        >>> describe_reasons(("jump", "low_score"))
        'The box jumps; the tracker is not sure of this box.'
    """
    told = [_SENTENCES.get(name, _plain(name)) for name in reasons]
    words = "; ".join(told) or _NOTHING_SPECIAL
    return f"{words[0].upper()}{words[1:]}."


def describe_stop(stop: WorkStop, names: Mapping[int, str]) -> str:
    """Say where a stop is, and why.

    Args:
        stop: a frame to look at.
        names: of targets, by id.
    """
    name = names.get(stop.target_id, f"target {stop.target_id}")
    return f"{name}, frame {stop.frame_index}: {describe_reasons(stop.reasons)}"


def _plain(name: str) -> str:
    """Return the name of a feature that somebody added, as words."""
    return name.replace("_", " ")
