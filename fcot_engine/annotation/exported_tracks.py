"""Annotations as the track store that the exporters read."""

from __future__ import annotations

from fcot_engine.annotation.annotations import AnnotatedTarget, Annotations
from fcot_engine.annotation.box_rows import Box, Origin
from fcot_engine.annotation.spans import SpanKind, Spans
from fcot_engine.annotation.targets import TargetInfo
from fcot_engine.session import (
    BoxOrigin,
    FrameRanges,
    Track,
    TrackBox,
    TrackInfo,
    TrackStore,
)

__all__ = ["ORIGINS", "to_track_store"]

ORIGINS = {
    Origin.HUMAN: BoxOrigin.HUMAN,
    Origin.CORRECTED: BoxOrigin.CORRECTED,
    Origin.TRACKED: BoxOrigin.TRACKED,
    Origin.INTERPOLATED: BoxOrigin.INTERPOLATED,
    Origin.IMPORTED: BoxOrigin.IMPORTED,
}
"""How files call where a box came from."""


def to_track_store(annotations: Annotations) -> TrackStore:
    """Return an independent copy of all boxes for `fcot_engine.formats.export_tracks`.

    Ids, names, classes, attributes and marks are kept. Targets without boxes are left
    out, frames in which a target is out of view have no box.
    """
    store = TrackStore()
    for target in annotations:
        if len(target.boxes):
            store.put_track(_to_track(target))
    return store


def _to_track(target: AnnotatedTarget) -> Track:
    info = _to_track_info(target.info)
    track = Track(target.target_id, target.info.class_name, info=info)
    for box in target.boxes:
        track.put(_to_track_box(box))
    return track


def _to_track_info(info: TargetInfo) -> TrackInfo:
    return TrackInfo(
        name=info.name,
        colour=info.colour,
        attributes=dict(info.attributes),
        occluded=_ranges(info.spans, SpanKind.OCCLUDED),
        out_of_view=_ranges(info.spans, SpanKind.OUT_OF_VIEW),
        end_frame=info.end_frame,
    )


def _ranges(spans: Spans, kind: SpanKind) -> FrameRanges:
    return tuple((span.first, span.last) for span in spans if span.kind is kind)


def _to_track_box(box: Box) -> TrackBox:
    return TrackBox(
        box.frame_index,
        box.box_xywh,
        ORIGINS[box.origin],
        score=box.score,
        is_lost=box.is_lost,
        engine=box.maker.engine,
        weights=box.maker.weights,
    )
