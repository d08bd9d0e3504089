from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fcot_engine.errors import ConfigError, FrameError, FrameIndexError, VideoError
from fcot_engine.evaluation import (
    FrameRecord,
    describe_pass,
    find_sequences,
    load_sequence,
    read_records,
    records_to_csv,
    run_one_pass,
)
from fcot_engine.evaluation.sequences import read_boxes
from fcot_engine.tracker import TrackResult, Verdict
from fcot_engine.video import FrameSource


class TestFindSequences:
    def test_all_by_name(self, root):
        assert [s.name for s in find_sequences(root)] == ["fast", "slow"]

    def test_chosen_ones_in_the_order_asked_for(self, root):
        assert [s.name for s in find_sequences(root, ["slow"])] == ["slow"]

    def test_unknown_name_lists_the_known(self, root):
        with pytest.raises(VideoError, match="no sequence slwo; it has: fast, slow"):
            find_sequences(root, ["slwo"])

    def test_missing_folder_is_named(self, tmp_path):
        with pytest.raises(VideoError, match="is not a folder"):
            find_sequences(tmp_path / "nowhere")

    def test_folder_without_sequences_says_what_is_expected(self, tmp_path):
        with pytest.raises(VideoError, match=r"<name>/groundtruth\.txt"):
            find_sequences(tmp_path)


class TestLoadSequence:
    def test_frames_and_truth_go_together(self, root):
        sequence = load_sequence(root / "fast")
        assert len(sequence) == len(sequence.truth_xywh) == 6
        x, y, w, h = (int(v) for v in sequence.truth_xywh[2])
        frame = sequence.read(2)
        assert frame.dtype == np.uint8 and frame.shape == (60, 120, 3)
        assert (frame[y : y + h, x : x + w] == 255).all()
        assert frame.astype(int).sum() == 20 * 20 * 3 * 255

    def test_absent_target_is_nan(self, root):
        truth = load_sequence(root / "fast").truth_xywh
        assert np.isnan(truth[3]).all() and np.isfinite(truth[[0, 1, 2, 4, 5]]).all()

    def test_gray_image_is_read_as_rgb(self, root):
        path = root / "slow" / "img" / "00000001.png"
        Image.new("L", (120, 60), 7).save(path)
        assert (load_sequence(root / "slow").read(0) == 7).all()

    def test_missing_image_is_refused(self, root):
        (root / "slow" / "img" / "00000004.png").unlink()
        with pytest.raises(VideoError, match="got 6 lines and 5 images"):
            load_sequence(root / "slow")

    def test_other_files_are_no_frames(self, root):
        (root / "slow" / "img" / "Thumbs.db").write_bytes(b"x")
        assert len(load_sequence(root / "slow")) == 6

    def test_first_frame_needs_a_box(self, tmp_path, write):
        folder = write(tmp_path / "late", absent=(0,))
        with pytest.raises(VideoError, match="late must have a box in its first frame"):
            load_sequence(folder)


class TestRead:
    def test_truncated_image_names_the_frame(self, root):
        path = root / "slow" / "img" / "00000003.png"
        path.write_bytes(path.read_bytes()[:60])
        with pytest.raises(
            FrameError, match=r"Frame 2 of slow, 00000003\.png"
        ) as caught:
            load_sequence(root / "slow").read(2)
        assert caught.value.frame_index == 2

    @pytest.mark.parametrize("index", [-1, 6])
    def test_number_outside_is_refused(self, root, index):
        with pytest.raises(FrameIndexError, match="from 0 to 5"):
            load_sequence(root / "slow").read(index)


class TestReadBoxes:
    @pytest.mark.parametrize("separator", [",", "\t", " ", ", "])
    def test_usual_separators(self, tmp_path, write, separator):
        folder = write(tmp_path / "a", separator=separator)
        boxes = read_boxes(folder / "groundtruth.txt")
        np.testing.assert_array_equal(boxes[1], [9, 10, 20, 20])

    def test_bad_line_is_named(self, tmp_path):
        path = tmp_path / "groundtruth.txt"
        path.write_text("1,2,3,4\n1,2,x,4\n", encoding="utf-8")
        with pytest.raises(VideoError, match=r"Line 2 .* got '1,2,x,4'"):
            read_boxes(path)

    def test_missing_file_is_named(self, tmp_path):
        with pytest.raises(VideoError, match="cannot be read"):
            read_boxes(tmp_path / "groundtruth.txt")


class TestCutTo:
    def test_first_frames_and_their_truth(self, root):
        sequence = load_sequence(root / "fast")
        cut = sequence.cut_to(3)
        assert len(cut) == len(cut.truth_xywh) == 3
        assert cut.image_paths == sequence.image_paths[:3]

    def test_one_frame_is_too_few(self, root):
        with pytest.raises(ConfigError, match="At least 2 frames"):
            load_sequence(root / "fast").cut_to(1)


def test_sequence_is_a_video(root):
    sequence = load_sequence(root / "slow")
    assert isinstance(sequence, FrameSource)
    assert (sequence.name, len(sequence)) == ("slow", 6)
    assert (sequence.width, sequence.height) == (120, 60)
    assert sequence.file_name(2) == "00000003.png"
    assert sequence.read(5).shape == (60, 120, 3)


def test_frame_behind_the_end_is_refused(root):
    with pytest.raises(FrameIndexError):
        load_sequence(root / "slow").read(6)


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
        tracker.find = lambda _: TrackResult(
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
