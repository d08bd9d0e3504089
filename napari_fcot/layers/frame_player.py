"""Plays a video without leaving out a frame.

napari's own player holds the speed that was asked for, and skips what it cannot draw in
time. Who looks for a wrong box wants to see every frame, and rather waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from psygnal import Signal
from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QWidget

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""To choose from, over the speed of the video."""
DRAWN_WITHIN_MS = 400
"""A canvas that was not painted by then is hidden, or looks the same as before."""
DEFAULT_RATE = 25.0


class FramePlayer(QObject):
    """Goes from frame to frame, each one after the one before was drawn.

    It stops at the end, when `go_to` refuses, when somebody else changes the frame
    (tell it by `notice_frame`), and when a mouse button is pressed on the canvas.

    Args:
        go_to: shows a frame; False says that it could not.
        canvas: is painted for each frame; without one, a frame counts as drawn when
            Qt has nothing else to do.
        parent: owns it.
    """

    playing_changed = Signal(bool)

    def __init__(
        self,
        go_to: Callable[[int], object],
        *,
        canvas: QWidget | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._go_to = go_to
        self._canvas: QWidget | None = None
        self._n_frames = 0
        self._frame_rate = DEFAULT_RATE
        self._speed = 1.0
        self._step = 1
        self._frame = 0
        self._due_s = 0.0
        self._is_playing = False
        self._is_drawing = False
        self._next_timer = _single_shot(self, self._advance)
        self._drawn_timer = _single_shot(self, self._on_drawn)
        self.set_canvas(canvas)

    # --- settings ------------------------------------------------------------

    def set_canvas(self, canvas: QWidget | None) -> None:
        """Watch another widget being painted."""
        if self._canvas is not None:
            with suppress(RuntimeError):  # Qt may have deleted it with the window
                self._canvas.removeEventFilter(self)
        self._canvas = canvas
        if canvas is not None:
            canvas.installEventFilter(self)

    def set_video(self, n_frames: int, frame_rate: float) -> None:
        """Play another video from now on; with 0 frames there is none."""
        self.stop()
        self._n_frames = n_frames
        self._frame_rate = frame_rate if frame_rate > 0 else DEFAULT_RATE

    @property
    def speed(self) -> float:
        """Over the speed of the video; what cannot be drawn in time comes later."""
        return self._speed

    def set_speed(self, speed: float) -> None:
        """Play faster or slower, also while it plays; cut to what `SPEEDS` allows."""
        self._speed = min(max(speed, SPEEDS[0]), SPEEDS[-1])

    # --- playing -------------------------------------------------------------

    @property
    def is_playing(self) -> bool:
        """Whether frames go by."""
        return self._is_playing

    @property
    def direction(self) -> int:
        """1 forward, -1 backward; the last one if nothing is played."""
        return self._step

    def play(self, start: int, *, direction: int = 1) -> None:
        """Play from a frame on; at the end of the video, from its other end.

        Args:
            start: the frame on the screen.
            direction: 1 forward, -1 backward.
        """
        if self._n_frames < 2:
            return
        self._step = 1 if direction > 0 else -1
        last = self._n_frames - 1 if self._step > 0 else 0
        self._frame = min(max(start, 0), self._n_frames - 1)
        if self._frame == last:
            self._frame = self._n_frames - 1 - last - self._step
        self._due_s = time.perf_counter()
        self._set_playing(True)
        self._next_timer.start(0)

    def stop(self) -> None:
        """Stay at the frame on the screen."""
        self._next_timer.stop()
        self._drawn_timer.stop()
        self._is_drawing = False
        self._set_playing(False)

    def toggle(self, start: int, *, direction: int = 1) -> None:
        """Stop, or play from a frame on; the other direction is taken on the way."""
        if self._is_playing and (direction > 0) == (self._step > 0):
            self.stop()
        else:
            self.play(start, direction=direction)

    def notice_frame(self, frame_index: int) -> None:
        """Stop if the frame on the screen is not the one that is played."""
        if self._is_playing and frame_index != self._frame:
            self.stop()

    def _set_playing(self, is_playing: bool) -> None:
        if is_playing != self._is_playing:
            self._is_playing = is_playing
            self.playing_changed.emit(is_playing)

    def _advance(self) -> None:
        following = self._frame + self._step
        if not 0 <= following < self._n_frames:
            self.stop()
            return
        self._frame, self._is_drawing = following, True
        if self._go_to(following) is False:
            self.stop()
        elif self._is_playing:
            self._drawn_timer.start(0 if self._canvas is None else DRAWN_WITHIN_MS)

    def _on_drawn(self) -> None:
        """Wait for the time of the next frame, which may have come already."""
        self._drawn_timer.stop()
        if not self._is_playing or not self._is_drawing:
            return
        self._is_drawing = False
        now = time.perf_counter()
        # what is late stays late: to catch up, frames would have to go by too fast
        self._due_s = max(self._due_s + 1 / (self._frame_rate * self._speed), now)
        self._next_timer.start(round((self._due_s - now) * 1e3))

    def eventFilter(  # noqa: N802
        self, watched: QObject | None, event: QEvent | None
    ) -> bool:
        """See the canvas being painted, and mouse buttons being pressed on it."""
        if event is not None and self._is_playing:
            if event.type() == QEvent.Type.MouseButtonPress:
                self.stop()
            elif event.type() == QEvent.Type.Paint and self._is_drawing:
                self._drawn_timer.start(0)  # the event comes just before the painting
        return False


def _single_shot(parent: QObject, call: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.timeout.connect(call)
    return timer
