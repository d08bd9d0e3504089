"""Widgets side by side."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QWidget


def row_of(*widgets: QWidget) -> QHBoxLayout:
    """Put widgets side by side; a list takes what buttons leave."""
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget, stretch=isinstance(widget, QComboBox))
    return row
