from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fcot_engine.errors import ConfigError, FrameError, FrameIndexError, VideoError
from fcot_engine.evaluation import find_sequences, load_sequence
from fcot_engine.evaluation.sequences import read_boxes


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
