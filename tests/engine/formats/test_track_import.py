from __future__ import annotations

import pytest

from fcot_engine.errors import TrackFileError
from fcot_engine.formats import READERS, export_tracks, read_tracks
from fcot_engine.video.buffered_frames import BufferedFrames


@pytest.fixture
def written(tmp_path, store, decoder):
    export_tracks(tmp_path, store, BufferedFrames(decoder, prefetch=False), READERS)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("mot/fake/gt/gt.txt", "mot"),
        ("mot/fake", "mot"),
        ("mot/fake.txt", "mot"),
        ("coco/annotations/instances_fake.json", "coco"),
        ("cvat/fake.xml", "cvat"),
    ],
)
def test_format_is_told_by_the_name(written, file, name):
    read = read_tracks(written / file)
    assert read.format_name == name and len(read.store) == 2


def test_named_format_counts(written):
    path = (written / "cvat/fake.xml").rename(written / "boxes.data")
    assert read_tracks(path, "cvat").format_name == "cvat"


def test_ending_that_tells_nothing_is_named(tmp_path):
    with pytest.raises(TrackFileError, match=r"boxes\.data does not tell its format"):
        read_tracks(tmp_path / "boxes.data")


def test_unknown_format_is_named(tmp_path):
    with pytest.raises(TrackFileError, match=r"no format 'yolo' to read; .* mot, coco"):
        read_tracks(tmp_path / "a.txt", "yolo")


def test_pixel_origin_is_handed_on(written):
    path = written / "mot/fake.txt"
    moved = read_tracks(path, pixel_origin=0).store[1].get(0).box_xywh
    assert moved == (1, 1, 8, 6)
