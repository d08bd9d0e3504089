from __future__ import annotations

import errno
import os
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from fcot_engine.errors import ExportError
from fcot_engine.formats import write_cvat
from fcot_engine.session import BoxOrigin, TrackBox, TrackInfo, TrackStore
from fcot_engine.video.buffered_frames import BufferedFrames


@pytest.fixture
def source(decoder):
    return BufferedFrames(decoder, prefetch=False)


@pytest.fixture
def write(tmp_path, source):
    def write(store):
        path = write_cvat(tmp_path / "a.xml", store, source)
        return ElementTree.parse(path).getroot()

    return write


def line(store, *rows):
    """A track of boxes that go 1 px to the right a frame."""
    track = store.add_track("gull")
    for frame, origin in rows:
        track.put(TrackBox(frame, (float(frame), 1.0, 2.0, 2.0), origin, 0.5))
    return track


def shapes(root, track=0):
    return root.findall("track")[track].findall("box")


def attribute(shape, name):
    return next(a.text for a in shape.findall("attribute") if a.get("name") == name)


def test_layout_of_the_published_format(write, store):
    root = write(store)
    assert root.tag == "annotations" and root.findtext("version") == "1.1"
    task = root.find("meta/task")
    assert task.findtext("mode") == "interpolation"
    assert task.findtext("size") == "40" and task.findtext("stop_frame") == "39"
    assert task.findtext("original_size/width") == "8"
    labels = [label.findtext("name") for label in task.findall("labels/label")]
    assert labels == ["gull", "seal"]


def test_boxes_are_corners_from_zero(write, store):
    box = shapes(write(store))[1]
    corners = [float(box.get(name)) for name in ("xtl", "ytl", "xbr", "ybr")]
    assert corners == pytest.approx([1.25, 0.5, 4.5833, 2.5], abs=1e-3)
    assert box.get("frame") == "1" and box.get("keyframe") == "1"


def test_every_attribute_is_declared_for_its_label(write, store):
    store[1].info = TrackInfo(name="Ann", attributes={"ringed": True, "note": "a<b"})
    root = write(store)
    for track in root.findall("track"):
        label = next(
            label
            for label in root.findall("meta/task/labels/label")
            if label.findtext("name") == track.get("label")
        )
        declared = {a.findtext("name") for a in label.findall("attributes/attribute")}
        for shape in track.findall("box"):
            assert {a.get("name") for a in shape.findall("attribute")} <= declared


def test_seen_stretch_ends_with_one_box_outside(write):
    store = TrackStore()
    line(store, (3, BoxOrigin.HUMAN), (4, BoxOrigin.TRACKED))
    outside = [(s.get("frame"), s.get("outside")) for s in shapes(write(store))]
    assert outside == [("3", "0"), ("4", "0"), ("5", "1")]


def test_seen_to_the_end_of_the_video_needs_none(write):
    store = TrackStore()
    line(store, (39, BoxOrigin.HUMAN))
    assert [s.get("outside") for s in shapes(write(store))] == ["0"]


def test_reason_of_each_absence_is_told(write, store):
    info = TrackInfo(out_of_view=((5, 6),), end_frame=20)
    store[1].info = info  # boxes in 0 and 1, lost in 2
    told = [
        (int(s.get("frame")), attribute(s, "fcot_source"))
        for s in shapes(write(store))
        if s.get("outside") == "1"
    ]
    assert told == [
        *((2, "lost"), (3, "gap"), (5, "out_of_view"), (7, "gap"), (21, "ended"))
    ]


def test_occlusion_is_told(write, store):
    store[1].info = TrackInfo(occluded=((1, 1),))
    assert [s.get("occluded") for s in shapes(write(store))][:2] == ["0", "1"]


class TestKeyframes:
    HUMAN, LAID = BoxOrigin.HUMAN, BoxOrigin.INTERPOLATED

    def keyframes(self, root):
        seen = [s for s in shapes(root) if s.get("outside") == "0"]
        return "".join(s.get("keyframe") for s in seen)

    def test_evenly_laid_boxes_are_left_to_cvat(self, write):
        store = TrackStore()
        rows = [(0, self.HUMAN), (1, self.LAID), (2, self.LAID), (3, self.HUMAN)]
        line(store, *rows)
        assert self.keyframes(write(store)) == "1001"

    def test_boxes_that_cvat_would_lay_elsewhere_are_kept(self, write):
        store = TrackStore()
        rows = [(0, self.HUMAN), (1, self.LAID), (2, self.LAID), (3, self.HUMAN)]
        track = line(store, *rows)
        track.put(replace(track.get(2), box_xywh=(2.5, 1.0, 2.0, 2.0)))
        assert self.keyframes(write(store)) == "1111"

    def test_boxes_around_a_gap_are_kept(self, write):
        store = TrackStore()
        line(store, (0, self.HUMAN), (1, self.LAID), (3, self.HUMAN))
        assert self.keyframes(write(store)) == "111"

    def test_change_of_occlusion_is_kept(self, write):
        store = TrackStore()
        track = line(store, (0, self.HUMAN), (1, self.LAID), (2, self.HUMAN))
        track.info = TrackInfo(occluded=((1, 1),))
        assert self.keyframes(write(store)) == "111"

    def test_tracked_boxes_are_kept(self, write):
        store = TrackStore()
        line(store, (0, self.HUMAN), (1, BoxOrigin.TRACKED), (2, self.HUMAN))
        assert self.keyframes(write(store)) == "111"


def test_characters_that_xml_cannot_have_are_taken_out(write, store):
    store[1].info = TrackInfo(name="a\x00\x0bb & <c>")
    assert attribute(shapes(write(store))[0], "fcot_name") == "ab & <c>"


def test_empty_store_is_refused(tmp_path, source):
    with pytest.raises(ExportError, match="no boxes to export"):
        write_cvat(tmp_path / "a.xml", TrackStore(), source)


def test_full_disk_keeps_the_old_file(tmp_path, store, source, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "a.xml").write_text("old")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError, match="No space left"):
        write_cvat(tmp_path / "a.xml", store, source)
    assert (tmp_path / "a.xml").read_text() == "old"
