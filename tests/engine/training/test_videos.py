from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from fcot_engine.errors import TrainingError
from fcot_engine.training import READERS, read_clips
from fcot_engine.training.videos import (
    ClipTrack,
    choose_scale,
    read_coco,
    read_got10k,
    read_lasot,
    read_trackingnet,
    write_clip,
)


def write_lines(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{value}\n" for value in values))


def write_images(folder, pattern, first, n, size=(40, 30)):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + n):
        Image.new("RGB", size, (number % 256, 0, 0)).save(
            folder / pattern.format(number)
        )


def make_got10k(root, names=("GOT-10k_Train_000001", "GOT-10k_Train_000002")):
    write_lines(root / "train" / "list.txt", names)
    for name in names:
        home = root / "train" / name
        write_images(home, "{:08d}.jpg", 1, 4)
        write_lines(home / "groundtruth.txt", ["5.0000,7.0000,10.5000,8.0000"] * 4)
        write_lines(home / "absence.label", [0, 1, 0, 0])
        write_lines(home / "cover.label", [8, 8, 0, 3])
        write_lines(home / "cut_by_image.label", [0, 0, 0, 0])
        (home / "meta_info.ini").write_text("[METAINFO]\n")
    return root


def make_lasot(root):
    for name in ("cat-1", "cat-2", "electricfan-1"):
        home = root / name.split("-")[0] / name
        write_images(home / "img", "{:08d}.jpg", 1, 4)
        write_lines(home / "groundtruth.txt", ["5,7,10,8"] * 3 + ["0,0,0,0"])
        (home / "full_occlusion.txt").write_text("0,1,0,0")
        (home / "out_of_view.txt").write_text("0,0,1,0")
        (home / "nlp.txt").write_text("a cat")
    return root


def make_trackingnet(root):
    for part, name in (("TRAIN_0", "abc_0"), ("TRAIN_3", "-xY_1"), ("TEST", "t_0")):
        write_images(root / part / "frames" / name, "{}.jpg", 0, 3)
        write_lines(root / part / "anno" / f"{name}.txt", ["5.5,7.0,10.0,8.0"] * 3)
    return root


def make_coco(root):
    write_images(root / "train2017", "{:012d}.jpg", 9, 2)
    images = [{"id": i, "file_name": f"{i:012d}.jpg"} for i in (9, 10)]
    rows = [
        {"image_id": 9, "bbox": [5.5, 7, 10, 9], "iscrowd": 0},
        {"image_id": 10, "bbox": [0, 0, 20, 20], "iscrowd": 0},
        {"image_id": 10, "bbox": [0, 0, 20, 20], "iscrowd": 1},
        {"image_id": 10, "bbox": [0, 0, 20, 3], "iscrowd": 0},
    ]
    path = root / "annotations" / "instances_train2017.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"images": images, "annotations": rows}))
    return root


class TestGot10k:
    def test_boxes_and_frames(self, tmp_path):
        first, second = read_got10k(make_got10k(tmp_path))
        np.testing.assert_allclose(first.boxes_xywh[0], [4, 6, 10.5, 8])
        assert first.frame_path(0).name == "00000001.jpg"
        assert second.frame_path(3).is_file()

    def test_absent_and_covered_frames_are_not_visible(self, tmp_path):
        video = read_got10k(make_got10k(tmp_path))[0]
        assert video.visible.tolist() == [True, False, False, True]

    def test_only_listed_videos_are_read(self, tmp_path):
        make_got10k(tmp_path)
        write_lines(tmp_path / "train" / "list.txt", ["GOT-10k_Train_000002"])
        assert len(read_got10k(tmp_path)) == 1

    def test_flags_of_another_length_are_an_error(self, tmp_path):
        make_got10k(tmp_path)
        flags = tmp_path / "train" / "GOT-10k_Train_000001" / "absence.label"
        write_lines(flags, [0, 1])
        with pytest.raises(TrainingError, match="4 boxes, but 2 flags"):
            read_got10k(tmp_path)


class TestLasot:
    def test_boxes_frames_and_visibility(self, tmp_path):
        videos = read_lasot(make_lasot(tmp_path))
        assert len(videos) == 3
        np.testing.assert_allclose(videos[0].boxes_xywh[0], [4, 6, 10, 8])
        assert videos[2].frame_path(3).is_file()
        assert videos[0].visible.tolist() == [True, False, False, False]

    def test_testing_set_is_left_out(self, tmp_path):
        write_lines(make_lasot(tmp_path) / "testing_set.txt", ["cat-1"])
        folders = [video.folder.parent.name for video in read_lasot(tmp_path)]
        assert folders == ["cat-2", "electricfan-1"]

    def test_training_set_is_all_that_is_read(self, tmp_path):
        write_lines(make_lasot(tmp_path) / "training_set.txt", ["cat-2"])
        (video,) = read_lasot(tmp_path)
        assert video.folder.parent.name == "cat-2"


class TestTrackingNet:
    def test_train_parts_alone_with_boxes_as_they_are(self, tmp_path):
        videos = read_trackingnet(make_trackingnet(tmp_path))
        assert [video.folder.name for video in videos] == ["abc_0", "-xY_1"]
        np.testing.assert_allclose(videos[0].boxes_xywh[0], [5.5, 7, 10, 8])
        assert all(video.frame_path(2).is_file() for video in videos)
        assert videos[0].visible.all()


class TestCoco:
    def test_each_object_is_a_still_without_crowds_and_tiny_ones(self, tmp_path):
        videos = read_coco(make_coco(tmp_path))
        assert [video.is_still for video in videos] == [True, True]
        np.testing.assert_allclose(videos[0].boxes_xywh, [[5.5, 7, 10, 9]])
        assert videos[1].frame_path(0).is_file()

    def test_images_one_folder_deeper(self, tmp_path):
        make_coco(tmp_path)
        (tmp_path / "images").mkdir()
        (tmp_path / "train2017").rename(tmp_path / "images" / "train2017")
        assert read_coco(tmp_path)[0].frame_path(0).is_file()

    def test_damaged_annotations_are_named(self, tmp_path):
        make_coco(tmp_path)
        path = tmp_path / "annotations" / "instances_train2017.json"
        path.write_text("{")
        with pytest.raises(TrainingError, match="not a file of COCO annotations"):
            read_coco(tmp_path)


@pytest.mark.parametrize("kind", ["got10k", "lasot", "trackingnet"])
def test_folder_without_the_set_is_an_error(tmp_path, kind):
    with pytest.raises(TrainingError, match="holds nothing to train on"):
        READERS[kind](tmp_path)


def test_text_among_the_numbers_is_an_error(tmp_path):
    make_trackingnet(tmp_path)
    path = tmp_path / "TRAIN_0" / "anno" / "abc_0.txt"
    path.write_text("1,2,three,4\n")
    with pytest.raises(TrainingError, match="cannot be read as numbers"):
        read_trackingnet(tmp_path)


def test_half_a_row_is_an_error(tmp_path):
    make_trackingnet(tmp_path)
    write_lines(tmp_path / "TRAIN_0" / "anno" / "abc_0.txt", ["1,2,3,4", "1,2,3"])
    with pytest.raises(TrainingError, match="rows of 4 numbers, got 7"):
        read_trackingnet(tmp_path)


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
