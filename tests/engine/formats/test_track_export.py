from __future__ import annotations

import pytest

from fcot_engine.errors import ExportError
from fcot_engine.formats import FORMATS, export_tracks
from fcot_engine.session import BoxOrigin, TrackBox, TrackStore
from fcot_engine.video.buffered_frames import BufferedFrames


@pytest.fixture
def source(decoder):
    return BufferedFrames(decoder, prefetch=False)


def test_mot_and_coco_by_default(tmp_path, store, source):
    written = export_tracks(tmp_path, store, source)
    assert tmp_path / "mot" / "fake" / "gt" / "gt.txt" in written
    assert tmp_path / "coco" / "annotations" / "instances_fake.json" in written
    assert all(path.is_file() for path in written)


@pytest.mark.parametrize("name", FORMATS)
def test_one_format_alone(tmp_path, store, source, name):
    export_tracks(tmp_path, store, source, formats=[f" {name.upper()} "])
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("formats", [["mot", "yolo9"], []], ids=["unknown", "none"])
def test_unknown_format_writes_nothing(tmp_path, store, source, formats):
    with pytest.raises(ExportError, match="choose out of: mot, coco"):
        export_tracks(tmp_path, store, source, formats)
    assert list(tmp_path.iterdir()) == []


def test_many_boxes_are_all_written(tmp_path, decoder):
    store = TrackStore()
    for _ in range(2):
        track = store.add_track("gull")
        for index in range(2_000):
            track.put(TrackBox(index, (1.5, 2.0, 3.0, 4.0), BoxOrigin.TRACKED, 0.5))
    decoder.n_frames = 2_000
    written = export_tracks(tmp_path, store, BufferedFrames(decoder, prefetch=False))
    assert len(written[0].read_text().splitlines()) == 4_000
