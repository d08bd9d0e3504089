"""A tracker together with what it has been taught about one target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary

from fcot_engine.geometry.boxes import BoxXywh
from fcot_engine.session.frame_source import FrameSource
from fcot_engine.session.track_store import Track, TrackBox
from fcot_engine.session.tracker_like import TrackerLike

__all__ = [
    "Pupil",
    "PupilRoom",
    "TargetTracker",
    "TrackerFactory",
    "load_default_tracker",
]


class TargetTracker(TrackerLike, Protocol):
    """What the panel asks of a tracker; `fcot_engine.tracker.Tracker` has it all."""

    @property
    def device_name(self) -> str:
        """On what it computes, such as `CPU (2 threads)`."""


TrackerFactory = Callable[[], TargetTracker]


def load_default_tracker() -> TargetTracker:
    """Load the default tracker; slow, since it brings in torch: call it in a worker."""
    from fcot_engine.tracker import Tracker

    return Tracker.from_preset("lite")


class Pupil:
    """Learns the boxes that a person drew, each once; used by one worker at a time."""

    def __init__(self, tracker: TargetTracker) -> None:
        self.tracker = tracker
        self._taught: dict[int, BoxXywh] = {}

    def lessons(self, track: Track, start: TrackBox) -> list[TrackBox]:
        """Return the boxes to learn before a run, in the order of learning.

        These are the human boxes up to the start frame; those behind it are learned
        when the run comes to them. A box that was learned and then moved or deleted was
        wrong: then everything is forgotten and learned again. Without any human box,
        the start box is the lesson.
        """
        if any(not _is_still_there(track, *lesson) for lesson in self._taught.items()):
            self._taught.clear()
        human = [track.get(index) for index in track.human_frames()]
        boxes = [box for box in human if box and box.frame_index <= start.frame_index]
        missing = [box for box in boxes if box.frame_index not in self._taught]
        return missing if missing or self._taught else [start]

    def teach(self, lesson: TrackBox, source: FrameSource) -> None:
        """Learn one box; the first one starts the tracker."""
        frame_rgb = source.read(lesson.frame_index)
        if self._taught:
            self.tracker.correct(frame_rgb, lesson.box_xywh)
        else:
            self.tracker.init(frame_rgb, lesson.box_xywh)
        self._taught[lesson.frame_index] = lesson.box_xywh

    def note(self, box: TrackBox) -> None:
        """Take note of a box that the tracker was corrected with on its way."""
        if box.origin.is_human:
            self._taught[box.frame_index] = box.box_xywh


def _is_still_there(track: Track, frame_index: int, box_xywh: BoxXywh) -> bool:
    box = track.get(frame_index)
    return box is not None and box.box_xywh == box_xywh


class PupilRoom:
    """The pupils of all targets; used by one worker at a time."""

    def __init__(self, make_tracker: TrackerFactory) -> None:
        self._make_tracker = make_tracker
        self._spare: Pupil | None = None
        self._by_owner: WeakKeyDictionary[object, dict[int, Pupil]] = (
            WeakKeyDictionary()
        )

    def prepare(self) -> Pupil:
        """Load a tracker ahead of its first use."""
        if self._spare is None:
            self._spare = Pupil(self._make_tracker())
        return self._spare

    def take(self, owner: object, track_id: int) -> Pupil:
        """Return the pupil of a target, a fresh one the first time.

        Args:
            owner: the video session that the target belongs to; its pupils go with it.
            track_id: the target.
        """
        pupils = self._by_owner.setdefault(owner, {})
        if track_id not in pupils:
            pupils[track_id] = self.prepare()
            self._spare = None
        return pupils[track_id]
