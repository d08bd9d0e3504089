"""One video and everything that was found out about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from fcot_engine.session.frame_source import FrameSource
from fcot_engine.session.track_store import Track, TrackStore
from napari_fcot.tracking.score_map_store import ScoreMapStore

__all__ = ["VideoSession"]


@dataclass(eq=False)  # a session is itself, whatever it holds
class VideoSession:
    """A video, its boxes and its score maps; belongs to the main thread."""

    source: FrameSource
    store: TrackStore = field(default_factory=TrackStore)
    score_maps: dict[int, ScoreMapStore] = field(default_factory=dict)
    """By track id."""

    @property
    def n_frames(self) -> int:
        """Number of frames of the video."""
        return len(self.source)

    def scores_of(self, track: Track) -> ScoreMapStore:
        """Return the score maps of a target, an empty store at first."""
        return self.score_maps.setdefault(track.track_id, ScoreMapStore())
