from __future__ import annotations

import contextlib
import errno
import io
import json
import os

import numpy as np
import pytest

from fcot_engine.errors import ExportError
from fcot_engine.formats import write_coco
from fcot_engine.video.buffered_frames import BufferedFrames


@pytest.fixture
def source(decoder):
    return BufferedFrames(decoder, prefetch=False)


@pytest.fixture
def document(tmp_path, store, source):
    return json.loads(write_coco(tmp_path / "a.json", store, source).read_text())


def test_boxes_count_pixels_from_zero(document):
    boxes = [annotation["bbox"] for annotation in document["annotations"]]
    expected = [[0, 0, 8, 6], [1.25, 0.5, 3.3333, 2], [4, 1, 2, 2.5], [5, 1, 2, 2.5]]
    np.testing.assert_allclose(boxes, expected, atol=1e-3)


def test_ids_count_from_one(document):
    for part in ("videos", "categories", "tracks", "images", "annotations"):
        ids = [entry["id"] for entry in document[part]]
        assert ids == list(range(1, len(ids) + 1)), part


def test_all_frames_of_the_video_are_listed(document):
    assert len(document["images"]) == 40
    assert document["images"][9] == {
        "id": 10,
        "file_name": "000010.jpg",
        "width": 8,
        "height": 6,
        "video_id": 1,
        "frame_index": 9,
        "frame_id": 9,
    }


def test_annotations_point_to_frame_track_and_class(document):
    pointers = [
        (a["image_id"], a["track_id"], a["instance_id"], a["category_id"])
        for a in document["annotations"]
    ]
    assert pointers == [(1, 1, 1, 1), (2, 1, 1, 1), (2, 2, 2, 2), (10, 2, 2, 2)]
    assert [c["name"] for c in document["categories"]] == ["gull", "seal"]


def test_origin_of_each_box_is_told(document):
    assert document["annotations"][1]["attributes"] == {
        "track_id": 1,
        "occluded": False,
        "keyframe": False,
        "source": "tracked",
        "score": 0.75,
    }
    keyframes = [a["attributes"]["keyframe"] for a in document["annotations"]]
    assert keyframes == [True, False, True, False]


def test_lost_frames_have_no_annotation_but_are_listed(document):
    assert [track["lost_frames"] for track in document["tracks"]] == [[2], []]
    assert 3 not in [a["image_id"] for a in document["annotations"]]


def test_area_is_that_of_the_box(document):
    assert [a["area"] for a in document["annotations"]] == [48, 6.6666, 5, 5]


def test_old_file_is_replaced(tmp_path, store, source):
    path = tmp_path / "a.json"
    path.write_text("old")
    write_coco(path, store, source)
    assert json.loads(path.read_text())["videos"][0]["name"] == "fake"
    assert list(tmp_path.iterdir()) == [path]


def test_full_disk_keeps_the_old_file(tmp_path, store, source, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "a.json"
    path.write_text("old")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError, match=r"a\.json.* cannot be written: No space"):
        write_coco(path, store, source)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


class TestPycocotools:
    def test_loads_the_file(self, loaded):
        assert (len(loaded.imgs), len(loaded.anns), len(loaded.cats)) == (40, 4, 2)

    def test_detections_equal_to_the_truth_score_one(self, loaded):
        assert average_precision(loaded, shift=0) == pytest.approx(1.0)

    def test_shifted_detections_score_less(self, loaded):
        assert average_precision(loaded, shift=0.5) < 0.9


@pytest.fixture
def loaded(tmp_path, store, source):
    coco = pytest.importorskip("pycocotools.coco")
    path = write_coco(tmp_path / "a.json", store, source)
    with contextlib.redirect_stdout(io.StringIO()):
        return coco.COCO(str(path))


def average_precision(truth, *, shift: float) -> float:
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    detections = [
        {
            "image_id": a["image_id"],
            "category_id": a["category_id"],
            "bbox": [a["bbox"][0] + shift, *a["bbox"][1:]],
            "score": 1.0,
        }
        for a in truth.anns.values()
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        run = evaluation.COCOeval(truth, truth.loadRes(detections), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return float(run.stats[0])
