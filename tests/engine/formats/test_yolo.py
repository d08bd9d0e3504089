from __future__ import annotations

import pytest

from fcot_engine.errors import ExportError, TrackFileError
from fcot_engine.formats import write_yolo
from fcot_engine.formats.yolo import parse_yolo
from fcot_engine.session import BoxOrigin, TrackBox, TrackStore
from fcot_engine.video.buffered_frames import BufferedFrames


@pytest.fixture
def source(decoder):
    return BufferedFrames(decoder, prefetch=False)


def labels(folder, number):
    lines = (folder / "labels" / f"{number:06d}.txt").read_text().splitlines()
    return [[float(value) for value in line.split()] for line in lines]


def test_layout_of_ultralytics(tmp_path, store, source):
    written = write_yolo(tmp_path, store, source)
    assert (tmp_path / "classes.txt").read_text() == "gull\nseal\n"
    assert (tmp_path / "data.yaml").read_text() == (
        'path: .\ntrain: images\nval: images\nnames:\n  0: "gull"\n  1: "seal"\n'
    )
    assert sorted(written) == sorted(p for p in tmp_path.rglob("*") if p.is_file())


def test_boxes_are_shares_around_their_centre(tmp_path, store, source):
    write_yolo(tmp_path, store, source)
    (whole,) = labels(tmp_path, 1)
    assert whole == [0, 0.5, 0.5, 1, 1]
    gull, seal = labels(tmp_path, 2)
    assert seal == pytest.approx([1, 5 / 8, 2.25 / 6, 2 / 8, 2.5 / 6])
    assert gull[0] == 0


def test_each_frame_has_a_file_and_lost_ones_are_empty(tmp_path, store, source):
    write_yolo(tmp_path, store, source)
    assert len(list((tmp_path / "labels").iterdir())) == 40
    assert labels(tmp_path, 3) == []


def test_boxes_of_an_older_export_go(tmp_path, store, source):
    write_yolo(tmp_path, store, source)
    store[2].remove(9)
    write_yolo(tmp_path, store, source)
    assert labels(tmp_path, 10) == []


def test_boxes_are_cut_at_the_border(tmp_path, source):
    store = TrackStore()
    track = store.add_track("gull")
    track.put(TrackBox(0, (-2, 3, 4, 9), BoxOrigin.TRACKED))
    track.put(TrackBox(1, (8, 0, 4, 4), BoxOrigin.TRACKED))  # wholly outside
    write_yolo(tmp_path, store, source)
    assert labels(tmp_path, 1) == [[0, 1 / 8, 4.5 / 6, 2 / 8, 3 / 6]]
    assert labels(tmp_path, 2) == []


def test_a_thousandth_of_a_pixel_is_kept_in_large_frames(tmp_path, source):
    source._decoder.width, source._decoder.height = 7680, 4320
    store = TrackStore()
    box = (1234.5678, 987.6543, 33.3333, 21.1111)
    store.add_track("gull").put(TrackBox(0, box, BoxOrigin.HUMAN))
    write_yolo(tmp_path, store, source)
    text = (tmp_path / "labels" / "000001.txt").read_text()
    ((_, read),) = parse_yolo(text, "a.txt", (7680, 4320))
    assert read == pytest.approx(box, abs=1e-3)


def test_frames_that_would_share_a_file_are_refused(
    tmp_path, store, source, monkeypatch
):
    suffix = [".png", ".jpg"]
    monkeypatch.setattr(
        source._decoder, "file_name", lambda i: f"f{i // 2}{suffix[i % 2]}"
    )
    with pytest.raises(ExportError, match=r"both be described in f0\.txt"):
        write_yolo(tmp_path / "out", store, source)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 0.5 0.5 1", "line 1: `height` is missing"),
        ("gull 0.5 0.5 1 1", "line 1: `class` must be a number, got 'gull'"),
        ("0 1.5 0.5 1 1", "line 1: all of x_centre, .* between 0 and 1"),
    ],
)
def test_damaged_line_is_named(line, words):
    with pytest.raises(TrackFileError, match=words):
        parse_yolo(line, "a.txt", (8, 6))
