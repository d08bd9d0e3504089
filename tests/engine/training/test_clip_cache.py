from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fcot_engine.errors import TrainingError
from fcot_engine.training import read_clips
from fcot_engine.training.clip_cache import ClipTrack, choose_scale, write_clip


def make_track(video, frames, *, trust=0.5):
    boxes = np.array([video.truth(i) for i in frames])
    return ClipTrack(np.array(frames), boxes, np.full(len(frames), trust))


class BigVideo:
    """Full HD, and nothing to see."""

    name, width, height, frame_rate = "big", 1920, 1080, 25.0

    def __init__(self, box):
        self._box = box

    def __len__(self):
        return 5

    def read(self, index):
        return np.full((self.height, self.width, 3), 10 * index, np.uint8)

    def truth(self, index):
        return self._box


class TestWriteAndRead:
    def test_boxes_frames_and_trust_come_back(self, tmp_path, make_square_video):
        video = make_square_video()
        track = make_track(video, [3, 4, 9], trust=0.25)
        write_clip(tmp_path / "a", video, [track])
        (read,) = read_clips(tmp_path)
        assert np.flatnonzero(read.visible).tolist() == [3, 4, 9]
        np.testing.assert_allclose(read.boxes_xywh[[3, 4, 9]], track.boxes_xywh)
        assert read.trust[[3, 4, 9]].tolist() == [0.25] * 3
        with Image.open(read.frame_path(4)) as image:
            stored = np.array(image.convert("RGB"), np.int16)
        assert abs(stored - video.read(4)).mean() < 30  # compressed noise

    def test_each_target_is_a_video_and_frames_are_shared(
        self, tmp_path, make_square_video
    ):
        video = make_square_video()
        tracks = [make_track(video, [1, 2]), make_track(video, [2, 3])]
        write_clip(tmp_path / "a", video, tracks)
        assert len(read_clips(tmp_path)) == 2
        assert video.reads == [1, 2, 3]

    def test_old_clip_is_replaced(self, tmp_path, make_square_video):
        video = make_square_video()
        write_clip(tmp_path / "a", video, [make_track(video, [1, 2, 3])] * 2)
        write_clip(tmp_path / "a", video, [make_track(video, [5])])
        (read,) = read_clips(tmp_path)
        assert np.flatnonzero(read.visible).tolist() == [5]

    def test_nothing_is_left_of_a_clip_that_fails(self, tmp_path, make_square_video):
        video = make_square_video(4)
        track = ClipTrack(np.array([2, 9]), np.ones((2, 4)), np.ones(2))
        with pytest.raises(IndexError):
            write_clip(tmp_path / "a", video, [track])
        assert list(tmp_path.iterdir()) == []

    def test_clip_without_boxes_is_refused(self, tmp_path, make_square_video):
        with pytest.raises(TrainingError, match="no boxes"):
            write_clip(tmp_path / "a", make_square_video(), [])

    def test_empty_folder_is_named(self, tmp_path):
        with pytest.raises(TrainingError, match="holds no clips"):
            read_clips(tmp_path)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("4,1,1,9,9,1\n2,1,1,9,9,1\n", id="frames_not_ascending"),
            pytest.param("4,1,1,9,9,0\n", id="no_trust"),
            pytest.param("", id="empty"),
        ],
    )
    def test_damaged_track_is_named(self, tmp_path, text):
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "track-1.csv").write_text(text)
        with pytest.raises(TrainingError, match=r"track-1\.csv is damaged"):
            read_clips(tmp_path)


class TestScale:
    @pytest.mark.parametrize(
        ("side", "expected"),
        [
            pytest.param(600.0, 480 / 1920, id="large_target_long_side_480"),
            pytest.param(160.0, 0.5, id="target_keeps_80_px"),
            pytest.param(20.0, 1.0, id="small_target_is_not_shrunk"),
        ],
    )
    def test_value(self, side, expected):
        video = BigVideo((100.0, 100.0, side, side))
        assert choose_scale(video, [make_track(video, [0, 1])]) == expected

    def test_boxes_shrink_with_the_frames(self, tmp_path):
        video = BigVideo((160.0, 80.0, 160.0, 160.0))
        write_clip(tmp_path / "a", video, [make_track(video, [0])])
        (read,) = read_clips(tmp_path)
        with Image.open(read.frame_path(0)) as image:
            assert image.size == (960, 540)
        assert read.boxes_xywh[0].tolist() == [80, 40, 80, 80]
