"""Notices when somebody who goes through the frames stays at one."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import QObject, QTimer

__all__ = ["StepRest"]

REST_MS = 150
"""Longer than between two steps of a held arrow key, shorter than one waits."""


class StepRest(QObject):
    """Tells when steps begin and when they have ended.

    What is costly to draw, such as handles on a box, waits for that.

    Args:
        rest_ms: how long after the last step it has ended.
        parent: owns it.
    """

    moving = Signal()
    """The first step after a rest."""
    rested = Signal()
    """No step for `rest_ms`."""

    def __init__(
        self, *, rest_ms: int = REST_MS, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(rest_ms)
        self._timer.timeout.connect(self.rested.emit)

    @property
    def is_moving(self) -> bool:
        """Whether the last step was just now."""
        return self._timer.isActive()

    def step(self) -> None:
        """Call this for every step."""
        was_moving = self.is_moving
        self._timer.start()
        if not was_moving:
            self.moving.emit()

    def rest_now(self) -> None:
        """Do not wait, such as when a person wants to edit."""
        if self.is_moving:
            self._timer.stop()
            self.rested.emit()

    def close(self) -> None:
        """Tell nothing any more."""
        self._timer.stop()
