"""Annotations as the track store that the exporters read."""

from __future__ import annotations

from collections.abc import Iterable

from fcot_engine.annotation.annotations import AnnotatedTarget, Annotations
from fcot_engine.annotation.box_rows import Box, Origin
from fcot_engine.session.track_store import BoxOrigin, Track, TrackBox, TrackStore

__all__ = ["ExportedTracks", "to_track_store"]

# The exporters know no interpolated boxes yet; what matters to them is who stands
# behind a box, and that is a machine.
_ORIGINS = {
    Origin.HUMAN: BoxOrigin.HUMAN,
    Origin.CORRECTED: BoxOrigin.CORRECTED,
    Origin.TRACKED: BoxOrigin.TRACKED,
    Origin.INTERPOLATED: BoxOrigin.TRACKED,
}


class ExportedTracks(TrackStore):
    """Tracks with the ids they already have."""

    def __init__(self, tracks: Iterable[Track]) -> None:
        super().__init__()
        self._tracks.update({track.track_id: track for track in tracks})


def to_track_store(annotations: Annotations) -> TrackStore:
    """Return an independent copy of all boxes for `fcot_engine.io.export_tracks`.

    Ids and classes are kept. Targets without boxes are left out, frames in which a
    target is out of view have no box.
    """
    tracks = (_to_track(target) for target in annotations)
    return ExportedTracks(track for track in tracks if len(track))


def _to_track(target: AnnotatedTarget) -> Track:
    track = Track(target.target_id, target.info.class_name)
    for box in target.boxes:
        track.put(_to_track_box(box))
    return track


def _to_track_box(box: Box) -> TrackBox:
    return TrackBox(
        box.frame_index,
        box.box_xywh,
        _ORIGINS[box.origin],
        score=box.score,
        is_lost=box.is_lost,
    )
