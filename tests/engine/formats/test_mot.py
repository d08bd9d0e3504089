from __future__ import annotations

import configparser
import errno
import json
import os
import shutil

import numpy as np
import pytest

from fcot_engine.errors import ExportError
from fcot_engine.formats import write_mot
from fcot_engine.session import BoxOrigin, TrackBox, TrackStore
from fcot_engine.video.buffered_frames import BufferedFrames


@pytest.fixture
def source(decoder):
    return BufferedFrames(decoder, prefetch=False)


def rows_of(path):
    return np.loadtxt(path, delimiter=",", ndmin=2)


def test_files_lie_where_tools_look_for_them(tmp_path, store, source):
    written = write_mot(tmp_path, store, source)
    names = ["fake/gt/gt.txt", "fake/gt/labels.txt", "fake/seqinfo.ini", "fake.txt"]
    assert written == [tmp_path / name for name in [*names, "fake/export.json"]]
    assert sorted(written) == sorted(p for p in tmp_path.rglob("*") if p.is_file())


def test_truth_counts_everything_from_one(tmp_path, store, source):
    write_mot(tmp_path, store, source)
    rows = rows_of(tmp_path / "fake" / "gt" / "gt.txt")
    expected = [
        [1, 1, 1, 1, 8, 6, 1, 1, 1],
        [2, 1, 2.25, 1.5, 3.3333, 2, 1, 1, 1],
        [2, 2, 5, 2, 2, 2.5, 1, 2, 1],
        [3, 1, 2.25, 1.5, 3.3333, 2, 0, 1, 0],  # lost: ignored, not visible
        [10, 2, 6, 2, 2, 2.5, 1, 2, 1],
    ]
    np.testing.assert_allclose(rows, expected, atol=1e-3)


def test_result_file_has_scores_and_no_lost_frames(tmp_path, store, source):
    write_mot(tmp_path, store, source)
    rows = rows_of(tmp_path / "fake.txt")
    expected = [
        [1, 1, 1, 1, 8, 6, 1, -1, -1, -1],
        [2, 1, 2.25, 1.5, 3.3333, 2, 0.75, -1, -1, -1],
        [2, 2, 5, 2, 2, 2.5, 1, -1, -1, -1],
        [10, 2, 6, 2, 2, 2.5, 0.5, -1, -1, -1],
    ]
    np.testing.assert_allclose(rows, expected, atol=1e-3)


def test_frames_and_ids_are_written_as_whole_numbers(tmp_path, store, source):
    write_mot(tmp_path, store, source)
    first = (tmp_path / "fake.txt").read_text().splitlines()[0]
    assert first == "1,1,1.0000,1.0000,8.0000,6.0000,1.0000,-1,-1,-1"


def test_pixels_can_count_from_zero(tmp_path, store, source):
    write_mot(tmp_path, store, source, pixel_origin=0)
    rows = rows_of(tmp_path / "fake" / "gt" / "gt.txt")
    np.testing.assert_allclose(rows[1, 2:4], [1.25, 0.5])
    assert rows[0, 0] == 1
    choices = json.loads((tmp_path / "fake" / "export.json").read_text())
    assert choices["pixel_origin"] == 0


def test_other_pixel_origin_is_refused(tmp_path, store, source):
    with pytest.raises(ExportError, match="must be 0 or 1, got 2"):
        write_mot(tmp_path, store, source, pixel_origin=2)


def test_class_names_stand_in_their_lines(tmp_path, store, source):
    store.add_track("gull").put(TrackBox(3, (0, 0, 2, 2), BoxOrigin.HUMAN))
    store.add_track("a\nb").put(TrackBox(4, (0, 0, 2, 2), BoxOrigin.HUMAN))
    write_mot(tmp_path, store, source)
    labels = (tmp_path / "fake" / "gt" / "labels.txt").read_text().splitlines()
    rows = rows_of(tmp_path / "fake" / "gt" / "gt.txt")
    assert labels == ["gull", "seal", "a b"]
    assert dict(rows[:, [1, 7]].tolist()) == {1: 1, 2: 2, 3: 1, 4: 3}


def test_sequence_information_has_exactly_the_seven_keys(tmp_path, store, source):
    source._decoder.frame_rate = 29.97
    write_mot(tmp_path, store, source)
    parser = configparser.ConfigParser()
    parser.optionxform = str
    parser.read(tmp_path / "fake" / "seqinfo.ini")
    assert dict(parser["Sequence"]) == {
        "name": "fake",
        "imDir": "img1",
        "frameRate": "30",
        "seqLength": "40",
        "imWidth": "8",
        "imHeight": "6",
        "imExt": ".jpg",
    }
    choices = json.loads((tmp_path / "fake" / "export.json").read_text())
    assert choices["frame_rate"] == 29.97


def test_origin_of_each_box_is_told(tmp_path, store, source):
    write_mot(tmp_path, store, source)
    boxes = json.loads((tmp_path / "fake" / "export.json").read_text())["boxes"]
    assert [box["source"] for box in boxes] == [
        *("human", "tracked", "corrected", "tracked", "tracked")
    ]
    assert boxes[3] == {
        "frame": 3, "id": 1, "source": "tracked", "score": 0.1, "lost": True
    }  # fmt: skip


def test_names_of_image_files_are_kept(tmp_path, store, source, monkeypatch):
    monkeypatch.setattr(source._decoder, "file_name", lambda index: f"g{index}.png")
    write_mot(tmp_path, store, source)
    choices = json.loads((tmp_path / "fake" / "export.json").read_text())
    assert choices["frame_file_names"][39] == "g39.png"
    assert "imExt=.png" in (tmp_path / "fake" / "seqinfo.ini").read_text()


def test_unsafe_names_become_safe(tmp_path, store, source):
    source._decoder.name = "../My möwe: 1"
    written = write_mot(tmp_path, store, source)
    assert written[0] == tmp_path / "My_mowe_1" / "gt" / "gt.txt"


def test_empty_store_is_refused(tmp_path, source):
    with pytest.raises(ExportError, match="no boxes to export"):
        write_mot(tmp_path, TrackStore(), source)
    assert list(tmp_path.iterdir()) == []


def test_box_behind_the_end_is_refused(tmp_path, store, source):
    store[1].put(TrackBox(40, (0, 0, 2, 2), BoxOrigin.TRACKED))
    with pytest.raises(ExportError, match="box in frame 40, but fake has only 40"):
        write_mot(tmp_path, store, source)


def test_full_disk_leaves_no_file(tmp_path, store, source, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError, match="No space left"):
        write_mot(tmp_path / "out", store, source)
    assert list(tmp_path.iterdir()) == []


def test_trackeval_accepts_the_files(tmp_path, store, source):
    store[1].remove(2)  # with the lost frame, truth and result would differ
    assert evaluate(tmp_path, store, source, worse=False) == pytest.approx(1.0)


def test_trackeval_ignores_lost_frames(tmp_path, store, source):
    assert evaluate(tmp_path, store, source, worse=False) == pytest.approx(1.0)


def test_trackeval_sees_wrong_boxes(tmp_path, store, source):
    assert evaluate(tmp_path, store, source, worse=True) < 0.9


def evaluate(folder, store, source, *, worse: bool) -> float:
    """HOTA of the result file against the truth file, in the layout of TrackEval."""
    trackeval = pytest.importorskip("trackeval")
    write_mot(folder / "out", store, source)
    truth = folder / "gt" / "FCOT-train"
    shutil.copytree(folder / "out" / "fake", truth / "fake")
    maps = folder / "gt" / "seqmaps"
    maps.mkdir()
    (maps / "FCOT-train.txt").write_text("name\nfake\n")
    results = folder / "trackers" / "FCOT-train" / "ours" / "data"
    results.mkdir(parents=True)
    lines = (folder / "out" / "fake.txt").read_text().splitlines(keepends=True)
    (results / "fake.txt").write_text("".join(lines[1:] if worse else lines))
    dataset = trackeval.datasets.MotChallenge2DBox(
        {
            "GT_FOLDER": str(folder / "gt"),
            "TRACKERS_FOLDER": str(folder / "trackers"),
            "OUTPUT_FOLDER": str(folder / "scores"),
            "BENCHMARK": "FCOT",
            "DO_PREPROC": False,  # count all classes, not the pedestrians only
            "PRINT_CONFIG": False,
        }
    )
    quiet = {
        "USE_PARALLEL": False,
        "BREAK_ON_ERROR": True,
        **dict.fromkeys(
            ("PRINT_RESULTS", "PRINT_CONFIG", "TIME_PROGRESS", "PLOT_CURVES"), False
        ),
        "OUTPUT_SUMMARY": False,
        "OUTPUT_DETAILED": False,
    }
    evaluator = trackeval.Evaluator(quiet)
    metric = trackeval.metrics.HOTA({"PRINT_CONFIG": False})
    scores, _ = evaluator.evaluate([dataset], [metric])
    found = scores["MotChallenge2DBox"]["ours"]["fake"]["pedestrian"]["HOTA"]["HOTA"]
    return float(found.mean())
