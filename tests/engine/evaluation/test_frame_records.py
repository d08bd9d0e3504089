from __future__ import annotations

import math
from dataclasses import replace

import pytest

from fcot_engine.errors import VideoError
from fcot_engine.evaluation import (
    FrameRecord,
    describe_pass,
    load_sequence,
    read_records,
    records_to_csv,
    run_one_pass,
)
from fcot_engine.tracker import TrackResult, Verdict

RECORD = FrameRecord(
    "dog",
    7,
    score=0.25,
    peak=0.5,
    second_ratio=0.125,
    size_change=0.01,
    verdict="uncertain",
    iou=0.75,
    x=1.0,
    y=2.5,
    w=30.0,
    h=40.0,
)


class TestDescribePass:
    def test_by_hand(self, root, still):
        sequence = load_sequence(root / "fast")
        tracker = still()
        tracker.track = lambda _: TrackResult(
            (4, 10, 20, 20),
            0.25,
            Verdict.UNCERTAIN,
            peak=0.5,
            second_ratio=0.75,
            size_change=0.1,
        )
        records = describe_pass(sequence, run_one_pass(tracker, sequence))
        assert [record.frame for record in records] == [1, 2, 3, 4, 5]
        first = records[0]
        assert (first.sequence, first.verdict) == ("fast", "uncertain")
        assert (first.score, first.peak, first.second_ratio) == (0.25, 0.5, 0.75)
        assert (first.size_change, first.x, first.h) == (0.1, 4, 20)
        # 10 px a frame on 20 px: 10/30 after one frame, then 0
        assert first.iou == pytest.approx(1 / 3)
        assert records[1].iou == pytest.approx(0.0)

    def test_absent_target_has_no_iou(self, root, still):
        sequence = load_sequence(root / "fast")
        records = describe_pass(sequence, run_one_pass(still(), sequence))
        assert [math.isnan(record.iou) for record in records] == [
            False,
            False,
            True,
            False,
            False,
        ]


class TestCsv:
    def test_written_and_read_is_equal(self, tmp_path):
        records = [RECORD, replace(RECORD, sequence="a, b", frame=8)]
        path = tmp_path / "frames.csv"
        path.write_text(records_to_csv(records), encoding="utf-8")
        assert read_records(path) == records

    def test_absent_target_stays_absent(self, tmp_path):
        path = tmp_path / "frames.csv"
        text = records_to_csv([replace(RECORD, iou=math.nan)])
        path.write_text(text, encoding="utf-8")
        assert math.isnan(read_records(path)[0].iou)

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            pytest.param("0.75", "much", "Line 2 of .* is not a record", id="word"),
            pytest.param("0.125", "nan", "no finite second_ratio", id="nan"),
            pytest.param("dog,7", "dog,7.5", "is not a record", id="frame"),
            pytest.param("second_ratio", "other", "second_ratio is missing", id="name"),
            pytest.param(",40.0", "", "is not a record", id="short"),
        ],
    )
    def test_wrong_files_are_named(self, tmp_path, old, new, message):
        path = tmp_path / "frames.csv"
        text = records_to_csv([RECORD])
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(VideoError, match=message):
            read_records(path)

    def test_missing_file(self, tmp_path):
        with pytest.raises(VideoError, match="cannot be read"):
            read_records(tmp_path / "frames.csv")
