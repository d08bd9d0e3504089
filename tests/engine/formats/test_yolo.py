from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import Annotations, Box, Origin, TargetInfo, empty_rows
from fcot_engine.errors import ExportError
from fcot_engine.formats import write_yolo


def labels(folder, number):
    lines = (folder / "labels" / f"{number:06d}.txt").read_text().splitlines()
    return [[float(value) for value in line.split()] for line in lines]


def test_layout_of_ultralytics(tmp_path, annotations, source):
    written = write_yolo(tmp_path, annotations, source)
    assert (tmp_path / "classes.txt").read_text() == "gull\nseal\n"
    assert (tmp_path / "data.yaml").read_text() == (
        "# boxes by fcot 0.1.0 lite lite.safetensors sha256:0123456789ab\n"
        'path: .\ntrain: images\nval: images\nnames:\n  0: "gull"\n  1: "seal"\n'
    )
    assert sorted(written) == sorted(p for p in tmp_path.rglob("*") if p.is_file())


def test_boxes_are_shares_around_their_centre(tmp_path, annotations, source):
    write_yolo(tmp_path, annotations, source)
    (whole,) = labels(tmp_path, 1)
    assert whole == [0, 0.5, 0.5, 1, 1]
    gull, seal = labels(tmp_path, 2)
    assert seal == pytest.approx([1, 5 / 8, 2.25 / 6, 2 / 8, 2.5 / 6])
    assert gull[0] == 0


def test_each_frame_has_a_file_and_lost_ones_are_empty(tmp_path, annotations, source):
    write_yolo(tmp_path, annotations, source)
    assert len(list((tmp_path / "labels").iterdir())) == 40
    assert labels(tmp_path, 3) == []


def test_boxes_of_an_older_export_go(tmp_path, annotations, source):
    write_yolo(tmp_path, annotations, source)
    annotations[2].boxes.put(np.array([9]), empty_rows(1))
    write_yolo(tmp_path, annotations, source)
    assert labels(tmp_path, 10) == []


def test_boxes_are_cut_at_the_border(tmp_path, source):
    annotations = Annotations()
    boxes = annotations.add(TargetInfo(1, "gull")).boxes
    boxes.put_box(Box(0, (-2, 3, 4, 9), Origin.TRACKED))
    boxes.put_box(Box(1, (8, 0, 4, 4), Origin.TRACKED))  # wholly outside
    write_yolo(tmp_path, annotations, source)
    assert labels(tmp_path, 1) == [[0, 1 / 8, 4.5 / 6, 2 / 8, 3 / 6]]
    assert labels(tmp_path, 2) == []


def test_a_thousandth_of_a_pixel_is_kept_in_large_frames(tmp_path, source):
    source.width, source.height = 7680, 4320
    annotations = Annotations()
    x, y, w, h = box = (1234.5678, 987.6543, 33.3333, 21.1111)
    annotations.add(TargetInfo(1, "gull")).boxes.put_box(Box(0, box, Origin.HUMAN))
    write_yolo(tmp_path, annotations, source)
    ((_, *shares),) = labels(tmp_path, 1)
    read = np.array(shares) * (7680, 4320, 7680, 4320)
    np.testing.assert_allclose(read, (x + w / 2, y + h / 2, w, h), atol=1e-3)


def test_frames_that_would_share_a_file_are_refused(tmp_path, annotations, source):
    source.file_names = "f.{index}"
    with pytest.raises(ExportError, match=r"both be described in f\.txt"):
        write_yolo(tmp_path / "out", annotations, source)
    assert not (tmp_path / "out").exists()
