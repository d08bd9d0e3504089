"""What the keyframes of a CVAT track mean."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fcot_engine.errors import TrackFileError
from fcot_engine.formats import cvat_keys
from fcot_engine.geometry import BoxXywh
from fcot_engine.session import BoxOrigin, Track, TrackBox, TrackInfo, to_ranges

__all__ = ["CvatShape", "CvatTrack", "build_track"]

_MACHINE_SOURCES = {"auto", "file"}
_LAID_SCORE = 0.5  # nobody looked at the frame


@dataclass
class CvatShape:
    """One `<box>`."""

    line: int
    frame_index: int
    box_xywh: BoxXywh
    is_outside: bool
    is_occluded: bool
    is_keyframe: bool
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """What our own attribute says of it, or an empty text."""
        return self.attributes.get(cvat_keys.SOURCE, "")


@dataclass
class CvatTrack:
    """One `<track>`."""

    line: int
    track_id: int
    label: str
    source: str
    shapes: list[CvatShape] = field(default_factory=list)


def build_track(
    written: CvatTrack,
    declared: Mapping[str, str],
    *,
    n_frames: int | None,
    file_name: str,
) -> Track:
    """Make a track of shapes.

    Args:
        written: at least one shape.
        declared: kinds of input by attribute, as the file's labels say.
        n_frames: length of the video, None where the file does not say.
        file_name: for messages.

    Raises:
        TrackFileError: two shapes stand in one frame.
    """
    shapes = sorted(written.shapes, key=lambda shape: shape.frame_index)
    for one, two in itertools.pairwise(shapes):
        if one.frame_index == two.frame_index:
            raise TrackFileError(
                f"{file_name}, lines {one.line} and {two.line}: track "
                f"{written.track_id} has two boxes in frame {one.frame_index}. Take "
                "one of them out.",
                line=two.line,
            )
    track = Track(written.track_id, written.label)
    for shape in shapes:
        if shape.is_outside:
            if shape.told == cvat_keys.LOST:
                track.put(_lost_box(shape))
        else:
            track.put(_seen_box(shape, written.source))
    for box in _laid_between(shapes):
        track.put(box)
    track.info = _info(shapes, declared, n_frames)
    return track


def _seen_box(shape: CvatShape, source: str) -> TrackBox:
    known = {origin.value: origin for origin in BoxOrigin}
    if not shape.is_keyframe:
        origin = BoxOrigin.INTERPOLATED
    elif shape.told in known:
        origin = known[shape.told]
    else:
        is_machine = source in _MACHINE_SOURCES
        origin = BoxOrigin.IMPORTED if is_machine else BoxOrigin.HUMAN
    score = _LAID_SCORE if not shape.is_keyframe else _score(shape)
    return TrackBox(shape.frame_index, shape.box_xywh, origin, score=score)


def _lost_box(shape: CvatShape) -> TrackBox:
    return TrackBox(
        shape.frame_index,
        shape.box_xywh,
        BoxOrigin.TRACKED,
        score=_score(shape),
        is_lost=True,
    )


def _score(shape: CvatShape) -> float:
    try:
        score = float(shape.attributes.get(cvat_keys.SCORE) or 1.0)
    except ValueError:
        return 1.0
    return score if 0 <= score <= 1 else 1.0


def _laid_between(shapes: list[CvatShape]) -> Iterator[TrackBox]:
    """Fill frames between keyframes as CVAT does, where the file leaves them out.

    Between two boxes they are laid evenly; before a keyframe that is outside, the last
    box stands still.
    """
    for one, two in itertools.pairwise(shapes):
        if one.is_outside:
            continue
        length = two.frame_index - one.frame_index
        end = one.box_xywh if two.is_outside else two.box_xywh
        for frame in range(one.frame_index + 1, two.frame_index):
            share = (frame - one.frame_index) / length
            x, y, w, h = (
                (1 - share) * a + share * b
                for a, b in zip(one.box_xywh, end, strict=True)
            )
            yield TrackBox(
                frame, (x, y, w, h), BoxOrigin.INTERPOLATED, score=_LAID_SCORE
            )


def _info(
    shapes: list[CvatShape], declared: Mapping[str, str], n_frames: int | None
) -> TrackInfo:
    occluded: list[int] = []
    hidden: list[int] = []
    end_frame = None
    for shape, until in zip(shapes, _ends(shapes, n_frames), strict=True):
        stretch = range(shape.frame_index, until)
        if shape.is_occluded:
            occluded += stretch
        if not shape.is_outside or shape.told in (cvat_keys.LOST, cvat_keys.GAP):
            continue
        is_end = shape is shapes[-1] and shape.frame_index > 0
        if shape.told == cvat_keys.ENDED or (is_end and not shape.told):
            end_frame = shape.frame_index - 1
        else:
            hidden += stretch
    values = shapes[0].attributes
    return TrackInfo(
        name=values.get(cvat_keys.NAME, "").strip(),
        attributes=_read_attributes(values, declared),
        occluded=to_ranges(occluded),
        out_of_view=to_ranges(hidden),
        end_frame=end_frame,
    )


def _ends(shapes: list[CvatShape], n_frames: int | None) -> Iterator[int]:
    """The first frame behind each shape for which it does not speak."""
    yield from (shape.frame_index for shape in shapes[1:])
    last = shapes[-1]
    holds_on = last.is_outside and n_frames is not None and last.told != cvat_keys.LOST
    yield max(n_frames or 0, last.frame_index + 1) if holds_on else last.frame_index + 1


def _read_attributes(
    values: Mapping[str, str], declared: Mapping[str, str]
) -> dict[str, str | int | float | bool]:
    """Read a person's own attributes; `cvat.py` puts a `_` behind names of ours."""
    read: dict[str, str | int | float | bool] = {}
    for key, value in values.items():
        if key in cvat_keys.OWN_KEYS:
            continue
        is_marked = key.endswith("_") and key[:-1] in cvat_keys.OWN_KEYS
        is_flag = declared.get(key) == "checkbox" and value in ("true", "false")
        read[key[:-1] if is_marked else key] = value == "true" if is_flag else value
    return read
