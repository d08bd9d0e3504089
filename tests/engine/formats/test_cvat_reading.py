from __future__ import annotations

import zipfile

import pytest

from fcot_engine.errors import TrackFileError
from fcot_engine.formats import read_cvat
from fcot_engine.formats.cvat_reading import parse_cvat
from fcot_engine.session import BoxOrigin

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


def parse(*tracks):
    text = HEAD + "".join(tracks) + "</annotations>\n"
    return parse_cvat(text, file_name="a.xml")


def only(*tracks):
    (read,) = parse(*tracks).store
    return read


def origins(read):
    return [(b.frame_index, b.origin.value) for b in read]


class TestForeignFile:
    def test_keyframes_are_a_persons_and_the_rest_is_interpolated(self):
        read = only(track(box(0), box(1, keyframe=0), box(2)))
        assert origins(read) == [(0, "human"), (1, "interpolated"), (2, "human")]

    @pytest.mark.parametrize("source", ["auto", "file"])
    def test_keyframes_of_an_automatic_track_are_nobodys(self, source):
        assert origins(only(track(box(0), source=source))) == [(0, "imported")]

    def test_missing_frames_between_keyframes_are_laid_evenly(self):
        read = only(track(box(0, 0), box(4, 8)))
        assert [b.box_xywh[0] for b in read] == [0, 2, 4, 6, 8]
        assert read.get(2).origin is BoxOrigin.INTERPOLATED

    def test_last_box_stands_until_the_track_is_outside(self):
        read = only(track(box(0, 5), box(3, 9, outside=1)))
        assert [(b.frame_index, b.box_xywh[0]) for b in read] == [
            (0, 5),
            (1, 5),
            (2, 5),
        ]

    def test_outside_between_boxes_is_out_of_view(self):
        read = only(track(box(0), box(1, outside=1), box(5)))
        assert origins(read) == [(0, "human"), (5, "human")]
        assert read.info.out_of_view == ((1, 4),) and read.info.end_frame is None

    def test_outside_at_the_end_ends_the_target(self):
        read = only(track(box(0), box(1, outside=1)))
        assert read.info.end_frame == 0 and read.info.out_of_view == ()

    def test_occluded_frames(self):
        read = only(track(box(0), box(1, occluded=1), box(3), box(4, outside=1)))
        assert read.info.occluded == ((1, 2),)

    def test_attributes(self):
        inside = '<attribute name="parked">true</attribute>'
        inside += '<attribute name="plate">B 12</attribute>'
        read = only(track(box(0, inside=inside)))
        assert read.info.attributes == {"parked": True, "plate": "B 12"}

    def test_size_and_length_of_the_video(self):
        read = parse(track(box(0)))
        assert (read.width, read.height, read.n_frames) == (64, 48, 10)

    def test_ids_from_zero_become_positive(self):
        store = parse(track(box(0)), track(box(1), number=1)).store
        assert [t.track_id for t in store] == [1, 2]

    def test_other_shapes_are_left_out_and_told(self):
        polygon = '<polygon frame="0" points="1,1;2,2;3,1"/>'
        read = parse(track(box(0)), track(polygon, number=1))
        assert len(read.store) == 1
        assert read.notes == ("Shapes left out, since they are no boxes: 1.",)


class TestDamage:
    def refused(self, text, words):
        with pytest.raises(TrackFileError, match=words) as caught:
            parse_cvat(text, file_name="a.xml")
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
        assert len(read_cvat(path).store) == 1

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
