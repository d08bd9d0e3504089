"""The boxes of a video: ours, not a napari layer's.

One `Track` a target, one `TrackBox` a frame. A box that a person drew is never replaced
by one that a tracker found.
"""

from __future__ import annotations

import bisect
import enum
from collections.abc import Iterator
from dataclasses import dataclass, field

from fcot_engine.errors import BoxError, FcotError
from fcot_engine.geometry import BoxXywh
from fcot_engine.session.track_info import TrackInfo

__all__ = ["BoxOrigin", "Track", "TrackBox", "TrackStore"]


class BoxOrigin(enum.Enum):
    """Where a box came from."""

    HUMAN = "human"
    """Drawn by a person."""
    CORRECTED = "corrected"
    """A tracked box that a person moved."""
    TRACKED = "tracked"
    """Found by the tracker."""
    INTERPOLATED = "interpolated"
    """Laid evenly between two other boxes."""
    IMPORTED = "imported"
    """Read from a file that does not say who drew it."""

    @property
    def is_human(self) -> bool:
        """Whether a person stands behind the box."""
        return self in (BoxOrigin.HUMAN, BoxOrigin.CORRECTED)


@dataclass(frozen=True)
class TrackBox:
    """The box of one target in one frame."""

    frame_index: int
    """0-based."""
    box_xywh: BoxXywh
    """Image pixels; see `fcot_engine.geometry.boxes`."""
    origin: BoxOrigin
    score: float = 1.0
    """Confidence of the tracker in [0, 1]; 1 for a human box."""
    is_lost: bool = False
    """The tracker did not see the target; the box is its last known place."""
    engine: str = ""
    """What found it, such as `fcot-lite`; empty for a human box."""
    weights: str = ""
    """Name or hash of the weights that found it."""


@dataclass
class Track:
    """All boxes of one target, by frame number."""

    track_id: int
    """Positive and unique within a store."""
    label: str = "object"
    """Class name for exports."""
    _boxes: dict[int, TrackBox] = field(default_factory=dict, repr=False)
    _frames: list[int] = field(
        default_factory=list, repr=False
    )  # sorted keys of _boxes
    info: TrackInfo = field(default_factory=TrackInfo)
    """Name, attributes, and where it is hidden or out of view."""

    def __len__(self) -> int:
        return len(self._boxes)

    def __iter__(self) -> Iterator[TrackBox]:
        """Boxes in the order of their frames."""
        return (self._boxes[index] for index in self._frames)

    def __contains__(self, frame_index: object) -> bool:
        return frame_index in self._boxes

    def get(self, frame_index: int) -> TrackBox | None:
        """Return the box of a frame, or None."""
        return self._boxes.get(frame_index)

    def put(self, box: TrackBox) -> bool:
        """Keep a box; return whether it was kept.

        A tracked box never replaces a human one: then nothing changes and the answer
        is False.
        """
        if box.frame_index < 0:
            raise BoxError(f"frame_index must be 0 or more, got {box.frame_index}.")
        old = self._boxes.get(box.frame_index)
        if old is not None and old.origin.is_human and not box.origin.is_human:
            return False
        if old is None:
            bisect.insort(self._frames, box.frame_index)
        self._boxes[box.frame_index] = box
        return True

    def remove(self, frame_index: int) -> TrackBox | None:
        """Take one box out, human or not; return it, or None if there was none."""
        box = self._boxes.pop(frame_index, None)
        if box is not None:
            self._frames.remove(frame_index)
        return box

    def copy(self) -> Track:
        """Return an independent track with the same boxes, such as for a worker."""
        return Track(
            self.track_id,
            self.label,
            dict(self._boxes),
            list(self._frames),
            self.info,
        )

    def human_frames(self) -> list[int]:
        """Frames whose box a person drew or moved, in order."""
        return [i for i in self._frames if self._boxes[i].origin.is_human]

    def last_before(self, frame_index: int) -> TrackBox | None:
        """Return the nearest box at or before a frame, or None."""
        place = bisect.bisect_right(self._frames, frame_index)
        return self._boxes[self._frames[place - 1]] if place else None


class TrackStore:
    """The tracks of one video, by id."""

    def __init__(self) -> None:
        self._tracks: dict[int, Track] = {}

    def __len__(self) -> int:
        return len(self._tracks)

    def __iter__(self) -> Iterator[Track]:
        """Tracks in the order of their ids."""
        return (self._tracks[key] for key in sorted(self._tracks))

    def __getitem__(self, track_id: int) -> Track:
        try:
            return self._tracks[track_id]
        except KeyError:
            known = ", ".join(str(key) for key in sorted(self._tracks)) or "none"
            raise FcotError(
                f"There is no track {track_id}; the tracks are: {known}."
            ) from None

    def add_track(self, label: str = "object") -> Track:
        """Make an empty track with the next free id, 1 for the first."""
        track = Track(max(self._tracks, default=0) + 1, label)
        self._tracks[track.track_id] = track
        return track

    def put_track(self, track: Track) -> None:
        """Keep a track under the id that it has.

        Raises:
            FcotError: its id is not positive, or taken.
        """
        if track.track_id < 1 or track.track_id in self._tracks:
            raise FcotError(
                f"A track needs a positive id that no other has, got {track.track_id}."
            )
        self._tracks[track.track_id] = track

    def copy(self) -> TrackStore:
        """Return an independent store with copies of all tracks."""
        copied = TrackStore()
        copied._tracks = {key: track.copy() for key, track in self._tracks.items()}
        return copied

    def boxes_at(self, frame_index: int) -> list[tuple[Track, TrackBox]]:
        """Return the tracks that have a box in a frame, with it."""
        found = ((track, track.get(frame_index)) for track in self)
        return [(track, box) for track, box in found if box is not None]
