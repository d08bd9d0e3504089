"""The sheet of failures shows the right frames with the right boxes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcot_engine.evaluation import FrameRecord, load_sequence, records_to_csv

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


@pytest.fixture
def script(monkeypatch):
    spec = importlib.util.spec_from_file_location(
        "draw_failures", SCRIPTS / "draw_failures.py"
    )
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "draw_failures", module)
    spec.loader.exec_module(module)
    return module


def record(sequence, frame, iou, box=(0.0, 0.0, 9.0, 9.0)):
    x, y, w, h = box
    return FrameRecord(
        sequence,
        frame,
        score=0.5,
        peak=0.5,
        second_ratio=0.0,
        size_change=0.0,
        verdict="found",
        iou=iou,
        x=x,
        y=y,
        w=w,
        h=h,
    )


@pytest.fixture
def root(tmp_path):
    """A gray sequence, each frame of half the cell's size."""
    images = tmp_path / "seq" / "dog" / "img"
    images.mkdir(parents=True)
    for number in range(1, 4):
        frame = np.full((120, 160, 3), 100, np.uint8)
        Image.fromarray(frame).save(images / f"{number:08d}.png")
    (images.parent / "groundtruth.txt").write_text("40,30,60,50\n" * 3)
    return tmp_path / "seq"


class TestChooseFrames:
    def test_worst_sequences_come_first(self, script):
        records = [
            *(record("good", frame, 0.9) for frame in range(1, 9)),
            *(record("bad", frame, 0.2) for frame in range(1, 9)),
            *(record("fair", frame, 0.6) for frame in range(1, 9)),
        ]
        chosen = script.choose_frames(records, n_sequences=2, n_frames=1)
        assert list(chosen) == ["bad", "fair"]

    def test_worst_frames_in_order_of_time(self, script):
        ious = [0.9, 0.1, 0.8, 0.3, 0.2, 0.7]
        records = [record("dog", frame, iou) for frame, iou in enumerate(ious, 1)]
        (chosen,) = script.choose_frames(records, n_sequences=1, n_frames=3).values()
        assert [r.frame for r in chosen] == [2, 4, 5]

    def test_neighbours_are_not_both_shown(self, script):
        records = [record("dog", frame, abs(frame - 50) / 50) for frame in range(1, 97)]
        (chosen,) = script.choose_frames(records, n_sequences=1, n_frames=4).values()
        frames = [r.frame for r in chosen]
        assert 50 in frames and min(np.diff(frames)) >= 8

    def test_absent_targets_do_not_count(self, script):
        records = [record("dog", 1, float("nan")), record("dog", 2, 0.4)]
        (chosen,) = script.choose_frames(records, n_sequences=1, n_frames=2).values()
        assert [r.frame for r in chosen] == [2]


class TestDrawCell:
    def test_boxes_lie_where_they_are(self, script, root):
        found = record("dog", 1, 0.3, box=(80.0, 60.0, 40.0, 30.0))
        cell = np.array(script.draw_cell(load_sequence(root / "dog"), found))
        assert tuple(cell[110, 81]) == script.TRUTH_RGB  # left side, doubled in size
        assert tuple(cell[150, 161]) == script.FOUND_RGB
        assert tuple(cell[30, 200]) == (100, 100, 100)


class TestScript:
    def test_sheet_is_written(self, script, root, tmp_path, monkeypatch):
        records = tmp_path / "frames.csv"
        text = records_to_csv([record("dog", 1, 0.3), record("dog", 2, 0.4)])
        records.write_text(text, encoding="utf-8")
        out = tmp_path / "new" / "sheet.png"
        words = ["draw_failures.py", str(root), "--records", str(records)]
        monkeypatch.setattr(sys, "argv", [*words, "--out", str(out)])
        script.main()
        with Image.open(out) as sheet:
            assert sheet.size == (2 * 324, 262)
