"""The list of targets, each with its colour, its name and how many boxes it has."""

from __future__ import annotations

from collections.abc import Sequence

from psygnal import Signal
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QWidget

from fcot_engine.session.track_store import Track
from napari_fcot.layers.target_colors import color_of

__all__ = ["TargetList"]

_ID_ROLE = Qt.ItemDataRole.UserRole
_ROWS_SHOWN = 3


class TargetList(QListWidget):
    """Targets by id; double-click one to give it a class name for exports."""

    target_picked = Signal(int)
    """A person chose a target: track id."""
    target_renamed = Signal(int, str)
    """A person wrote another class name: track id, name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.setToolTip("Click to select a target, double-click to name its class")
        self.setIconSize(QSize(12, 12))
        row_px = self.fontMetrics().height() + 8
        self.setFixedHeight(_ROWS_SHOWN * row_px)
        self._ids: list[int] = []
        self.currentRowChanged.connect(self._on_row)
        self.itemChanged.connect(self._on_item)

    def show_targets(self, tracks: Sequence[Track], selected: Track | None) -> None:
        """Show these targets."""
        was_blocked = self.blockSignals(True)
        ids = [track.track_id for track in tracks]
        if ids != self._ids:
            self.clear()
            for track in tracks:
                self.addItem(_make_item(track))
            self._ids = ids
        for row, track in enumerate(tracks):
            item = self.item(row)
            if item and self.state() != QAbstractItemView.State.EditingState:
                item.setText(_describe(track))
            if track is selected:
                self.setCurrentRow(row)
        self.blockSignals(was_blocked)

    def _on_row(self, row: int) -> None:
        if 0 <= row < len(self._ids):
            self.target_picked.emit(self._ids[row])

    def _on_item(self, item: QListWidgetItem) -> None:
        # a person edits the whole line `2 · cup · 31 boxes`, or writes just the name
        parts = [part.strip() for part in item.text().split("·")]
        name = parts[1] if len(parts) == 3 else parts[-1]
        self.target_renamed.emit(int(item.data(_ID_ROLE)), name)


def _make_item(track: Track) -> QListWidgetItem:
    swatch = QPixmap(12, 12)
    swatch.fill(QColor(color_of(track.track_id)))
    icon = QIcon(swatch)
    icon.addPixmap(swatch, QIcon.Mode.Selected)  # else Qt tints it
    item = QListWidgetItem(icon, _describe(track))
    item.setData(_ID_ROLE, track.track_id)
    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
    return item


def _describe(track: Track) -> str:
    plural = "box" if len(track) == 1 else "boxes"
    return f"{track.track_id} · {track.label} · {len(track)} {plural}"
