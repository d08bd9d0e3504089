"""What is on the screen: the video at work, its targets, the frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from psygnal import Signal

from fcot_engine.annotation import (
    AnnotatedTarget,
    AnnotationSession,
    Box,
    Edit,
    touched_frames,
)
from fcot_engine.errors import FcotError
from fcot_engine.video import FrameSource
from napari_fcot.tracking.score_maps import ScoreMapStore


@dataclass(eq=False)  # a session is itself, whatever it holds
class VideoSession:
    """A video, its annotations, and what only this window knows of them."""

    annotation: AnnotationSession
    score_maps: ScoreMapStore = field(default_factory=ScoreMapStore)
    """Kept until the window closes, not in the project."""
    hidden_ids: set[int] = field(default_factory=set)
    """Targets that are not drawn on the screen."""
    locked_ids: set[int] = field(default_factory=set)
    """Targets that neither a person nor a run changes in this window."""

    @property
    def source(self) -> FrameSource:
        """The video."""
        return self.annotation.source

    @property
    def n_frames(self) -> int:
        """Number of frames of the video."""
        return len(self.annotation.source)


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
    edited = Signal()
    """An edit is done, or taken back."""
    session_changed = Signal()
    """Another video, or none."""
    failed = Signal(str)
    """One clear sentence for a dialog."""

    def __init__(self) -> None:
        self.session: VideoSession | None = None
        """The video at work, or None; `TrackingController.open_session` changes it."""
        self.selected_id: int | None = None
        """The target that is drawn and tracked; see `select`."""
        self.frame_index = 0
        """The frame on the screen, 0-based; see `show_frame`."""
        self.message = ""
        """What just happened, until the next thing happens; often empty."""

    # --- what the panel shows ------------------------------------------------

    @property
    def targets(self) -> list[AnnotatedTarget]:
        """All targets of the video."""
        if self.session is None:
            return []
        with self.session.annotation.lock:
            return list(self.session.annotation.annotations)

    @property
    def selected(self) -> AnnotatedTarget | None:
        """The target that is drawn and tracked, or None before the first one."""
        if self.session is None or self.selected_id is None:
            return None
        return self.session.annotation.annotations.find(self.selected_id)

    @property
    def current_box(self) -> Box | None:
        """The selected target's box in the frame on the screen, or None."""
        target = self.selected
        return None if target is None else target.boxes.get(self.frame_index)

    @property
    def project_path(self) -> Path | None:
        """Where the work is saved, or None without a video."""
        return None if self.session is None else self.session.annotation.project_path

    @property
    def is_saved(self) -> bool:
        """Whether there is a project on the disk, and not only a position for it."""
        return self.session is not None and self.session.annotation.is_saved

    def is_locked(self, target_id: int) -> bool:
        """Whether a target is not to be changed in this window."""
        return self.session is not None and target_id in self.session.locked_ids

    def name_of(self, target_id: int) -> str:
        """What a target is called."""
        if self.session is None:
            return f"target {target_id}"
        target = self.session.annotation.annotations.find(target_id)
        return f"target {target_id}" if target is None else target.info.name

    # --- what is on the screen -----------------------------------------------

    def say(self, message: str) -> None:
        """Put something into the status line until the next thing happens."""
        self.message = message
        self.changed.emit()

    def show_frame(self, frame_index: int) -> None:
        """Tell which frame is on the screen."""
        if frame_index != self.frame_index:
            self.frame_index = frame_index
            self.message = ""
            self.frame_changed.emit()

    def select(self, target_id: int) -> None:
        """Choose the target that is drawn and tracked."""
        if self.session is None or target_id == self.selected_id:
            return
        if target_id in self.session.annotation.annotations:
            self.selected_id = target_id
            self.message = ""
            self.tell_boxes()

    def show_target(self, target_id: int, is_shown: bool) -> None:
        """Draw a target on the screen, or leave it out."""
        if self.session is not None:
            _switch(self.session.hidden_ids, target_id, not is_shown)
            self.tell_boxes()

    def lock_target(self, target_id: int, is_locked: bool) -> None:
        """Keep a target as it is in this window, or let it be changed again."""
        if self.session is not None:
            _switch(self.session.locked_ids, target_id, is_locked)
            self.tell_boxes()

    # --- for the parts of the controller -------------------------------------

    def tell_boxes(self, message: str | None = None) -> None:
        """Have targets and boxes shown anew, with a message or with the one before."""
        if message is not None:
            self.message = message
        self.boxes_changed.emit()
        self.changed.emit()

    def tell_edit(self, edit: Edit, message: str = "") -> None:
        """Say what an edit, or its being undone, has touched."""
        self.select_something()
        self.edited.emit()
        self.tell_boxes(message)
        for target_id, (first, last) in touched_frames(edit).items():
            self.frames_changed.emit(target_id, first, last)

    def select_something(self) -> None:
        """Leave no target selected that is gone."""
        ids = [target.target_id for target in self.targets]
        if self.selected_id not in ids:
            self.selected_id = ids[0] if ids else None

    def refuse_locked(self, *target_ids: int) -> bool:
        """Say which of these targets are locked, if any is; return whether so."""
        locked = [target_id for target_id in target_ids if self.is_locked(target_id)]
        if locked:
            names = ", ".join(self.name_of(target_id) for target_id in locked)
            self.tell_boxes(f"{names} is locked: unlock it in the table to change it")
        return bool(locked)

    def tell_error(self, error: Exception, more: str = "") -> None:
        """Say in one sentence what went wrong."""
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
