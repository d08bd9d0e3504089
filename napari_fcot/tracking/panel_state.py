"""What the panel knows: the video at work, the selected target, what is going on."""

from __future__ import annotations

import enum

from psygnal import Signal

from fcot_engine.annotation import AnnotatedTarget, Box, Edit, touched_frames
from fcot_engine.errors import FcotError
from napari_fcot.tracking.progress import Progress
from napari_fcot.tracking.video_session import VideoSession

__all__ = ["Activity", "PanelState"]


class Activity(enum.Enum):
    """What is going on."""

    IDLE = "idle"
    TRACKING = "tracking"
    EXPORTING = "exporting"
    CHECKING = "checking"


class PanelState:
    """One panel's state; every method belongs to the main thread."""

    changed = Signal()
    """Anything that the panel shows, but for what `frame_changed` tells."""
    boxes_changed = Signal()
    """The boxes of the frame on the screen, the targets or the selected target."""
    frame_changed = Signal()
    """Another frame is on the screen. Told instead of the two above: it comes often,
    and most of what they stand for does not depend on the frame."""
    frames_changed = Signal(int, int, int)
    """Boxes came, changed or went: target id, first frame, last frame."""
    session_changed = Signal()
    """Another video, or none."""
    frame_tracked = Signal(int)
    """A tracked frame came in; comes often, so whoever draws should skip some."""
    job_started = Signal(object)
    """A `Job` that a worker should run."""
    started = Signal()
    """A run begins."""
    stopped = Signal()
    """A run was ended before its end: whoever draws should draw no more of it."""
    settled = Signal()
    """Nothing goes on any more, or an edit is done: time to look for the next stops."""
    failed = Signal(str)
    """One clear sentence for a dialog."""

    def __init__(self) -> None:
        self._session: VideoSession | None = None
        self._selected_id: int | None = None
        self._frame_index = 0
        self._activity = Activity.IDLE
        self._device_name = ""
        self._stage = ""
        self._message = ""
        self._progress: Progress | None = None

    # --- what the panel shows ------------------------------------------------

    @property
    def session(self) -> VideoSession | None:
        """The video at work, or None."""
        return self._session

    @property
    def activity(self) -> Activity:
        """What is going on."""
        return self._activity

    @property
    def targets(self) -> list[AnnotatedTarget]:
        """All targets of the video."""
        if self._session is None:
            return []
        with self._session.annotation.lock:
            return list(self._session.annotation.annotations)

    @property
    def selected_id(self) -> int | None:
        """The target that is drawn and tracked, or None before the first one."""
        return self._selected_id

    @property
    def selected(self) -> AnnotatedTarget | None:
        """The target that is drawn and tracked, or None before the first one."""
        if self._session is None or self._selected_id is None:
            return None
        return self._session.annotation.annotations.find(self._selected_id)

    @property
    def frame_index(self) -> int:
        """The frame on the screen, 0-based."""
        return self._frame_index

    @property
    def current_box(self) -> Box | None:
        """The selected target's box in the frame on the screen, or None."""
        target = self.selected
        return None if target is None else target.boxes.get(self._frame_index)

    @property
    def progress(self) -> Progress | None:
        """How far the last run came, or None before the first."""
        return self._progress

    @property
    def device_name(self) -> str:
        """On what the tracker computes; empty until it is loaded."""
        return self._device_name

    @property
    def stage(self) -> str:
        """What a job does before its first result, such as loading the network."""
        return self._stage

    @property
    def message(self) -> str:
        """What just happened, until the next thing happens; often empty."""
        return self._message

    @property
    def can_edit(self) -> bool:
        """Whether there is a video to draw on."""
        return self._session is not None

    def is_locked(self, target_id: int) -> bool:
        """Whether a target is not to be changed in this window."""
        return self._session is not None and target_id in self._session.locked_ids

    def name_of(self, target_id: int) -> str:
        """What a target is called."""
        if self._session is None:
            return f"target {target_id}"
        target = self._session.annotation.annotations.find(target_id)
        return f"target {target_id}" if target is None else target.info.name

    # --- what is on the screen -----------------------------------------------

    def say(self, message: str) -> None:
        """Put something into the status line until the next thing happens."""
        self._message = message
        self.changed.emit()

    def show_frame(self, frame_index: int) -> None:
        """Tell which frame is on the screen."""
        if frame_index == self._frame_index:
            return
        self._frame_index = frame_index
        if self._activity is Activity.IDLE:
            self._message = ""
        self.frame_changed.emit()

    def select(self, target_id: int) -> None:
        """Choose the target that is drawn and tracked."""
        if self._session is None or target_id == self._selected_id:
            return
        if target_id in self._session.annotation.annotations:
            self._selected_id = target_id
            self._message = ""
            self._tell_boxes()

    def show_target(self, target_id: int, is_shown: bool) -> None:
        """Draw a target on the screen, or leave it out."""
        if self._session is not None:
            _switch(self._session.hidden_ids, target_id, not is_shown)
            self._tell_boxes()

    def lock_target(self, target_id: int, is_locked: bool) -> None:
        """Keep a target as it is in this window, or let it be changed again."""
        if self._session is not None:
            _switch(self._session.locked_ids, target_id, is_locked)
            self._tell_boxes()

    # --- for those who build on it -------------------------------------------

    def _tell_boxes(self) -> None:
        self.boxes_changed.emit()
        self.changed.emit()

    def _tell_edit(self, edit: Edit) -> None:
        """Say what an edit, or its being undone, has touched."""
        self._select_something()
        self._tell_boxes()
        for target_id, (first, last) in touched_frames(edit).items():
            self.frames_changed.emit(target_id, first, last)
        self.settled.emit()

    def _select_something(self) -> None:
        """Leave no target selected that is gone."""
        ids = [target.target_id for target in self.targets]
        if self._selected_id not in ids:
            self._selected_id = ids[0] if ids else None

    def _tell_error(self, error: Exception, more: str = "") -> None:
        sentence = str(error) or type(error).__name__
        if not isinstance(error, FcotError):
            kind = type(error).__name__
            sentence = f"Something unexpected went wrong ({kind}: {sentence})."
        self.failed.emit(sentence + more)


def _switch(ids: set[int], target_id: int, is_in: bool) -> None:
    if is_in:
        ids.add(target_id)
    else:
        ids.discard(target_id)
