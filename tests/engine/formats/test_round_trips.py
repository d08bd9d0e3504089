"""What is exported reads back as it was, in every format that can be read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcot_engine.annotation import (
    Annotations,
    Box,
    Maker,
    Origin,
    Span,
    SpanKind,
    TargetInfo,
)
from fcot_engine.formats import READERS, export_tracks, read_tracks

N_FRAMES = 40
FILES = {
    "mot": "mot/fake/gt/gt.txt",
    "coco": "coco/annotations/instances_fake.json",
    "cvat": "cvat/fake.xml",
}
KEEPS_LOST = {"mot": True, "coco": False, "cvat": True}


def describe(annotations: Annotations, *, keeps_lost: bool) -> dict[int, object]:
    """Everything about the boxes that formats keep."""
    described = {
        target.target_id: (
            target.info.class_name,
            [
                replace(box, box_xywh=(), score=0)
                for box in target.boxes
                if keeps_lost or not box.is_lost
            ],
            pytest.approx(
                [
                    number
                    for box in target.boxes
                    if keeps_lost or not box.is_lost
                    for number in (*box.box_xywh, box.score)
                ],
                abs=1e-3,
            ),
        )
        for target in annotations
    }
    return {key: value for key, value in described.items() if value[1]}


def plain(described):
    """Take the tolerance out of one side."""
    return {
        key: (name, boxes, numbers.expected)
        for key, (name, boxes, numbers) in described.items()
    }


def round_trip(folder, annotations, source, name):
    export_tracks(folder, annotations, source, [name])
    return read_tracks(folder / FILES[name])


@pytest.fixture
def rich(annotations, mark):
    """Marks, attributes, interpolated boxes, and a box that touches the border."""
    gull, seal = annotations[1], annotations[2]
    mark(
        gull,
        (1, 1, SpanKind.OCCLUDED),
        (5, 8, SpanKind.OUT_OF_VIEW),
        (20, 29, SpanKind.OUT_OF_VIEW),
        (30, 31, SpanKind.OCCLUDED),
        name='Möwe <1> & "co"',
        colour="#123456",
        attributes={"ringed": True, "note": "a < b", "fcot_name": "mine"},
        end_frame=35,
    )
    mark(seal, (30, 39, SpanKind.OUT_OF_VIEW), name="Otto")
    gull.boxes.put_box(Box(9, (0.0, 1.5, 2.0, 2.0), Origin.HUMAN))
    for step in (1, 2):
        box = (0.0 + 2.0 * step / 3, 1.5, 2.0, 2.0)
        gull.boxes.put_box(Box(9 + step, box, Origin.INTERPOLATED, 0.5))
    gull.boxes.put_box(Box(12, (2.0, 1.5, 2.0, 2.0), Origin.CORRECTED))
    base = Maker("fcot 0.2.0", "base", 'a | b "c".safetensors sha256:12')
    gull.boxes.put_box(Box(13, (2.0, 2.5, 2.0, 1.5), Origin.TRACKED, maker=base))
    gull.boxes.put_box(Box(14, (6.0, 4.5, 2.0, 1.5), Origin.IMPORTED, 0.25))
    return annotations


@pytest.mark.parametrize("name", READERS)
class TestReadingOurOwn:
    def test_boxes_come_back_with_who_made_them(self, tmp_path, rich, source, name):
        read = round_trip(tmp_path, rich, source, name).annotations
        wanted = describe(rich, keeps_lost=KEEPS_LOST[name])
        assert plain(describe(read, keeps_lost=True)) == wanted

    def test_what_is_known_of_a_target_comes_back(self, tmp_path, rich, source, name):
        read = round_trip(tmp_path, rich, source, name).annotations
        assert len(read) == 2  # the third has no boxes
        for target in read:
            info = rich[target.target_id].info
            if name == "cvat":  # knows a colour for a class, not for a target
                info = replace(info, colour=target.info.colour)
            assert target.info == info

    def test_size_and_length_of_the_video_come_back(self, tmp_path, rich, source, name):
        read = round_trip(tmp_path, rich, source, name)
        assert (read.width, read.height, read.n_frames) == (8, 6, N_FRAMES)
        assert read.format_name == name and read.notes == ()

    def test_a_second_round_gives_the_same_file(self, tmp_path, rich, source, name):
        read = round_trip(tmp_path / "one", rich, source, name).annotations
        for target in read:
            target.info = replace(
                target.info, colour=rich[target.target_id].info.colour
            )
        export_tracks(tmp_path / "two", read, source, [name])
        if KEEPS_LOST[name]:  # lost frames of COCO have no box to write
            texts = [(tmp_path / n / FILES[name]).read_text() for n in ("one", "two")]
            assert texts[0] == texts[1]
        again = read_tracks(tmp_path / "two" / FILES[name]).annotations
        wanted = describe(read, keeps_lost=True)
        assert plain(describe(again, keeps_lost=True)) == wanted


boxes = st.tuples(
    st.floats(-3, 7), st.floats(-3, 5), st.floats(0.01, 9), st.floats(0.01, 9)
)
targets = st.dictionaries(
    st.integers(0, N_FRAMES - 1),
    st.tuples(
        boxes,
        st.sampled_from([origin for origin in Origin if origin]),
        st.floats(0, 1),
        st.booleans(),
        st.sampled_from([Maker(), Maker("fcot", "lite", "w"), Maker("other")]),
    ),
    min_size=1,
    max_size=12,
)
spans = st.just(()) | st.tuples(
    st.integers(0, 15), st.integers(16, 39), st.sampled_from(SpanKind)
).map(lambda parts: (Span(*parts),))


class TestAnyTargets:
    @pytest.mark.parametrize("name", READERS)
    @settings(max_examples=25)
    @given(drawn=st.lists(targets, min_size=1, max_size=3), spans=spans)
    def test_come_back(self, tmp_path_factory, make_source, name, drawn, spans):
        annotations = Annotations()
        for number, rows in enumerate(drawn, 1):
            info = TargetInfo(number, "x", "gull", spans=spans)
            target = annotations.add(info)
            for frame, (box, origin, score, is_lost, maker) in rows.items():
                # only a tracker loses targets
                lost = is_lost and origin is Origin.TRACKED
                target.boxes.put_box(
                    Box(frame, box, origin, score, is_lost=lost, maker=maker)
                )
        wanted = describe(annotations, keeps_lost=KEEPS_LOST[name])
        if not describe(annotations, keeps_lost=False):
            return
        folder = tmp_path_factory.mktemp("any")
        read = round_trip(folder, annotations, make_source(), name).annotations
        assert plain(describe(read, keeps_lost=True)) == wanted
