"""One video and everything that was found out about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from fcot_engine.annotation import AnnotationSession
from fcot_engine.video import FrameSource
from napari_fcot.tracking.score_map_store import MapBudget, ScoreMapStore

__all__ = ["VideoSession"]


@dataclass(eq=False)  # a session is itself, whatever it holds
class VideoSession:
    """A video, its annotations, and what only this window knows of them."""

    annotation: AnnotationSession
    score_maps: dict[int, ScoreMapStore] = field(default_factory=dict)
    """By target id; kept until the window closes, not in the project."""
    map_budget: MapBudget = field(default_factory=MapBudget)
    """What the score maps of all targets may take together."""
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

    def scores_of(self, target_id: int) -> ScoreMapStore:
        """Return the score maps of a target, an empty store at first."""
        if target_id not in self.score_maps:
            self.score_maps[target_id] = ScoreMapStore(budget=self.map_budget)
        return self.score_maps[target_id]
