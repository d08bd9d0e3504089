from __future__ import annotations

import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from fcot_engine.annotation import (
    Annotations,
    Box,
    Origin,
    Span,
    SpanKind,
    TargetInfo,
)
from fcot_engine.errors import TrackFileError
from fcot_engine.formats import read_cvat, write_cvat


@pytest.fixture
def write(tmp_path, source):
    def write(annotations):
        path = write_cvat(tmp_path / "a.xml", annotations, source)
        return ElementTree.parse(path).getroot()

    return write


def line(*rows):
    """A target whose boxes go 1 px to the right a frame."""
    annotations = Annotations()
    target = annotations.add(TargetInfo(1, "gull"))
    target.boxes.put_boxes(
        [
            Box(frame, (float(frame), 1.0, 2.0, 2.0), origin, 0.5)
            for frame, origin in rows
        ]
    )
    return annotations


def shapes(root, track=0):
    return root.findall("track")[track].findall("box")


def attribute(shape, name):
    return next(a.text for a in shape.findall("attribute") if a.get("name") == name)


def test_layout_of_the_published_format(write, annotations):
    root = write(annotations)
    assert root.tag == "annotations" and root.findtext("version") == "1.1"
    task = root.find("meta/task")
    assert task.findtext("mode") == "interpolation"
    assert task.findtext("size") == "40" and task.findtext("stop_frame") == "39"
    assert task.findtext("original_size/width") == "8"
    labels = [label.findtext("name") for label in task.findall("labels/label")]
    assert labels == ["gull", "seal"]


def test_boxes_are_corners_from_zero(write, annotations):
    box = shapes(write(annotations))[1]
    corners = [float(box.get(name)) for name in ("xtl", "ytl", "xbr", "ybr")]
    assert corners == pytest.approx([1.25, 0.5, 4.5833, 2.5], abs=1e-3)
    assert box.get("frame") == "1" and box.get("keyframe") == "1"


def test_every_attribute_is_declared_for_its_label(write, annotations, mark):
    mark(annotations[1], name="Ann", attributes={"ringed": True, "note": "a<b"})
    root = write(annotations)
    for track in root.findall("track"):
        label = next(
            label
            for label in root.findall("meta/task/labels/label")
            if label.findtext("name") == track.get("label")
        )
        declared = {a.findtext("name") for a in label.findall("attributes/attribute")}
        for shape in track.findall("box"):
            assert {a.get("name") for a in shape.findall("attribute")} <= declared


def test_seen_segment_ends_with_one_box_outside(write):
    annotations = line((3, Origin.HUMAN), (4, Origin.TRACKED))
    outside = [(s.get("frame"), s.get("outside")) for s in shapes(write(annotations))]
    assert outside == [("3", "0"), ("4", "0"), ("5", "1")]


def test_seen_to_the_end_of_the_video_needs_none(write):
    annotations = line((39, Origin.HUMAN))
    assert [s.get("outside") for s in shapes(write(annotations))] == ["0"]


def test_reason_of_each_absence_is_told(write, annotations, mark):
    # boxes in 0 and 1, lost in 2
    mark(annotations[1], (5, 6, SpanKind.OUT_OF_VIEW), end_frame=20)
    told = [
        (int(s.get("frame")), attribute(s, "fcot_source"))
        for s in shapes(write(annotations))
        if s.get("outside") == "1"
    ]
    assert told == [
        *((2, "lost"), (3, "gap"), (5, "out_of_view"), (7, "gap"), (21, "ended"))
    ]


def test_occlusion_is_told(write, annotations, mark):
    mark(annotations[1], (1, 1, SpanKind.OCCLUDED))
    assert [s.get("occluded") for s in shapes(write(annotations))][:2] == ["0", "1"]


class TestKeyframes:
    HUMAN, LAID = Origin.HUMAN, Origin.INTERPOLATED

    def keyframes(self, root):
        seen = [s for s in shapes(root) if s.get("outside") == "0"]
        return "".join(s.get("keyframe") for s in seen)

    def test_evenly_laid_boxes_are_left_to_cvat(self, write):
        rows = [(0, self.HUMAN), (1, self.LAID), (2, self.LAID), (3, self.HUMAN)]
        assert self.keyframes(write(line(*rows))) == "1001"

    def test_boxes_that_cvat_would_lay_elsewhere_are_kept(self, write):
        rows = [(0, self.HUMAN), (1, self.LAID), (2, self.LAID), (3, self.HUMAN)]
        annotations = line(*rows)
        boxes = annotations[1].boxes
        boxes.put_box(replace(boxes.get(2), box_xywh=(2.5, 1.0, 2.0, 2.0)))
        assert self.keyframes(write(annotations)) == "1111"

    def test_boxes_around_a_gap_are_kept(self, write):
        annotations = line((0, self.HUMAN), (1, self.LAID), (3, self.HUMAN))
        assert self.keyframes(write(annotations)) == "111"

    def test_change_of_occlusion_is_kept(self, write, mark):
        annotations = line((0, self.HUMAN), (1, self.LAID), (2, self.HUMAN))
        mark(annotations[1], (1, 1, SpanKind.OCCLUDED))
        assert self.keyframes(write(annotations)) == "111"

    def test_tracked_boxes_are_kept(self, write):
        annotations = line((0, self.HUMAN), (1, Origin.TRACKED), (2, self.HUMAN))
        assert self.keyframes(write(annotations)) == "111"


def test_characters_that_xml_cannot_have_are_taken_out(write, annotations, mark):
    mark(annotations[1], name="a\x00\x0bb & <c>")
    assert attribute(shapes(write(annotations))[0], "fcot_name") == "ab & <c>"


# --- reading ---------------------------------------------------------------------

HEAD = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><size>10</size><stop_frame>9</stop_frame>
    <labels><label><name>car</name><attributes>
      <attribute><name>parked</name><input_type>checkbox</input_type></attribute>
    </attributes></label></labels>
    <original_size><width>64</width><height>48</height></original_size></task></meta>
"""


def box(frame, x=0, *, more="", inside="", **told):
    told = {"outside": 0, "occluded": 0, "keyframe": 1, **told}
    attributes = " ".join(f'{name}="{value}"' for name, value in told.items())
    return (
        f'    <box frame="{frame}" xtl="{x}" ytl="2" xbr="{x + 8}" ybr="12" '
        f"{attributes} {more}>{inside}</box>\n"
    )


def track(*boxes, source="manual", number=0):
    opened = f'  <track id="{number}" label="car" source="{source}">\n'
    return opened + "".join(boxes) + "  </track>\n"


@pytest.fixture
def parse(tmp_path):
    def parse(*tracks):
        text = HEAD + "".join(tracks) + "</annotations>\n"
        (tmp_path / "a.xml").write_text(text)
        return read_cvat(tmp_path / "a.xml")

    return parse


@pytest.fixture
def only(parse):
    def only(*tracks):
        (target,) = parse(*tracks).annotations
        return target

    return only


def origins(read):
    return [(box.frame_index, box.origin.word) for box in read.boxes]


class TestForeignFile:
    def test_keyframes_are_a_persons_and_the_rest_is_interpolated(self, only):
        read = only(track(box(0), box(1, keyframe=0), box(2)))
        assert origins(read) == [(0, "human"), (1, "interpolated"), (2, "human")]

    @pytest.mark.parametrize("source", ["auto", "file"])
    def test_keyframes_of_an_automatic_track_are_nobodys(self, only, source):
        assert origins(only(track(box(0), source=source))) == [(0, "imported")]

    def test_missing_frames_between_keyframes_are_laid_evenly(self, only):
        read = only(track(box(0, 0), box(4, 8)))
        assert [b.box_xywh[0] for b in read.boxes] == [0, 2, 4, 6, 8]
        assert read.boxes.get(2).origin is Origin.INTERPOLATED

    def test_last_box_stands_until_the_track_is_outside(self, only):
        read = only(track(box(0, 5), box(3, 9, outside=1)))
        assert [(b.frame_index, b.box_xywh[0]) for b in read.boxes] == [
            (0, 5),
            (1, 5),
            (2, 5),
        ]

    def test_outside_between_boxes_is_out_of_view(self, only):
        read = only(track(box(0), box(1, outside=1), box(5)))
        assert origins(read) == [(0, "human"), (5, "human")]
        assert read.info.spans == (Span(1, 4, SpanKind.OUT_OF_VIEW),)
        assert read.info.end_frame is None

    def test_outside_at_the_end_ends_the_target(self, only):
        read = only(track(box(0), box(1, outside=1)))
        assert read.info.end_frame == 0 and read.info.spans == ()

    def test_occluded_frames(self, only):
        read = only(track(box(0), box(1, occluded=1), box(3), box(4, outside=1)))
        assert read.info.spans == (Span(1, 2, SpanKind.OCCLUDED),)

    def test_attributes(self, only):
        inside = '<attribute name="parked">true</attribute>'
        inside += '<attribute name="plate">B 12</attribute>'
        read = only(track(box(0, inside=inside)))
        assert read.info.attributes == {"parked": True, "plate": "B 12"}

    def test_size_and_length_of_the_video(self, parse):
        read = parse(track(box(0)))
        assert (read.width, read.height, read.n_frames) == (64, 48, 10)

    def test_ids_from_zero_become_positive(self, parse):
        annotations = parse(track(box(0)), track(box(1), number=1)).annotations
        assert [target.target_id for target in annotations] == [1, 2]

    def test_other_shapes_are_left_out_and_told(self, parse):
        polygon = '<polygon frame="0" points="1,1;2,2;3,1"/>'
        read = parse(track(box(0)), track(polygon, number=1))
        assert len(read.annotations) == 1
        assert read.notes == ("Shapes left out, since they are no boxes: 1.",)


class TestDamage:
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.path = tmp_path / "a.xml"

    def refused(self, text, words):
        self.path.write_text(text)
        with pytest.raises(TrackFileError, match=words) as caught:
            read_cvat(self.path)
        return caught.value.line

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            (
                '<box frame="1"',
                '<box frame="x"',
                "line 11: `frame` must be a number, got 'x'",
            ),
            ('<box frame="1"', '<box frame="-1"', "line 11: `frame` must be 0 or more"),
            ('<box frame="1"', '<box frame="1000000000"', "line 11: no video has a"),
            ('<box frame="1" xtl="0"', '<box frame="1"', "line 11: `xtl` is missing"),
            (
                '<box frame="1"',
                '<box frame="0"',
                "lines 10 and 11: track 0 has two boxes in",
            ),
            (
                '<box frame="1" xtl="0"',
                '<box frame="1" xtl="9"',
                "line 11: the width of the box",
            ),
            ('<box frame="1"', '<box rotation="30" frame="1"', "`rotation` must be 0"),
            (
                '<box frame="1"',
                '<box rotation="a" frame="1"',
                "`rotation` must be a number",
            ),
            ('id="0"', 'id="a"', "line 9: `id` must be a number, got 'a'"),
            ('label="car"', "", "line 9: `label` is missing"),
        ],
    )
    def test_element_is_named_by_line_and_field(self, old, new, words):
        text = HEAD + track(box(0), box(1)) + "</annotations>\n"
        assert old in text
        assert self.refused(text.replace(old, new), words) in (9, 11)

    def test_cut_off_file_is_named_by_line(self):
        text = (HEAD + track(box(0), box(1)))[:-30]
        assert self.refused(text, r"a\.xml, line 1\d: ") > 10

    def test_other_xml_is_named(self):
        self.refused("<svg></svg>", "expected <annotations>, got <svg>")

    def test_images_instead_of_tracks_are_explained(self):
        text = HEAD + '<image id="0" name="a.png"></image></annotations>'
        self.refused(text, "exported as CVAT for images; export the task as CVAT for v")

    def test_track_that_stands_there_twice(self):
        text = HEAD + track(box(0)) + track(box(0)) + "</annotations>"
        self.refused(text, "track `id` 0 stands there twice")


class TestZip:
    def test_export_of_cvat_is_read(self, tmp_path):
        path = tmp_path / "task.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("annotations.xml", HEAD + track(box(0)) + "</annotations>")
        assert len(read_cvat(path).annotations) == 1

    def test_two_files_inside_are_refused(self, tmp_path):
        path = tmp_path / "task.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.xml", "")
            archive.writestr("b.xml", "")
        with pytest.raises(TrackFileError, match="one XML file, it has 2"):
            read_cvat(path)

    def test_damaged_archive_is_named(self, tmp_path):
        (tmp_path / "task.zip").write_bytes(b"PK no")
        with pytest.raises(TrackFileError, match=r"task\.zip cannot be unpacked"):
            read_cvat(tmp_path / "task.zip")
