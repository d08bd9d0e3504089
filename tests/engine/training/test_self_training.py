from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from fcot_engine.config import HarvestConfig
from fcot_engine.errors import TrainingError
from fcot_engine.geometry import box_iou, xywh_to_xyxy
from fcot_engine.training import gather_clips, read_clips
from fcot_engine.training._draws import Draws
from fcot_engine.training.proposals import find_shift, propose_boxes
from fcot_engine.training.self_training import find_videos, follow_both_ways

CONFIG = HarvestConfig(clip_frames=40, min_frames=10)
FRAMES = list(range(40))


@pytest.fixture
def video(make_square_video):
    return make_square_video()


def follow(video, *trackers, config=CONFIG, frames=FRAMES):
    waiting = list(trackers)
    start = video.truth(frames[0])
    return follow_both_ways(video, frames, start, lambda: waiting.pop(0), config)


def test_runs_that_agree_give_the_whole_clip(video, make_knowing_tracker):
    track = follow(video, make_knowing_tracker(video), make_knowing_tracker(video))
    assert track.frames.tolist() == FRAMES
    np.testing.assert_allclose(track.boxes_xywh[7], video.truth(7))
    assert track.trust[7] == pytest.approx(0.9)


def test_backward_run_begins_where_the_target_was_lost(video, make_knowing_tracker):
    back = make_knowing_tracker(video)
    track = follow(video, make_knowing_tracker(video, lost_from=25), back)
    assert back.starts == [24]
    assert track.frames.tolist() == list(range(25))


def test_label_is_the_mean_of_both_runs(video, make_knowing_tracker):
    ways = make_knowing_tracker(video, drift_px=0.1), make_knowing_tracker(video)
    track = follow(video, *ways)
    assert track.boxes_xywh[10, 1] - video.truth(10)[1] == pytest.approx(0.5)


def test_only_the_stretch_that_agrees_is_kept(video, make_knowing_tracker):
    ways = make_knowing_tracker(video, drift_px=0.4), make_knowing_tracker(video)
    config = replace(CONFIG, min_agreement=0.6)
    track = follow(video, *ways, config=config)
    # 24 px high: 6 px apart is an IoU of 0.6, reached after 15 frames; see the mean
    assert track.frames.tolist() == list(range(16))


def test_low_score_ends_a_run(video, make_knowing_tracker):
    assert follow(video, make_knowing_tracker(video, score=0.3)) is None


def test_target_that_stands_still_is_dropped(make_square_video, make_knowing_tracker):
    video = make_square_video(speed=0.05)
    ways = make_knowing_tracker(video), make_knowing_tracker(video)
    assert follow(video, *ways) is None
    ways = make_knowing_tracker(video), make_knowing_tracker(video)
    assert follow(video, *ways, config=replace(CONFIG, min_motion=0.0)) is not None


CONFIG = HarvestConfig(
    clip_frames=20, min_frames=10, clips_per_video=2, targets_per_clip=1
)


@pytest.fixture
def films(tmp_path, make_square_video):
    """Two folders of images: 40 frames, and 20."""
    root = tmp_path / "films"
    for name, n in (("a", 40), ("deep/b", 20)):
        folder = root / name
        folder.mkdir(parents=True)
        video = make_square_video(n)
        for index in range(n):
            Image.fromarray(video.read(index)).save(folder / f"{index:03d}.png")
    return root


@pytest.fixture
def gather(films, tmp_path, make_square_video, make_knowing_tracker, monkeypatch):
    """Gather with a tracker that knows the square; boxes are proposed on it."""
    video = make_square_video(40)

    def propose(frame, later, count, draw):
        return [video.truth(int(frame[0, 0, 0]))]

    monkeypatch.setattr("fcot_engine.training.self_training.propose_boxes", propose)

    def gather(config=CONFIG, *, made_with="x", **options):
        return gather_clips(
            films,
            tmp_path / "cache",
            lambda: make_knowing_tracker(video),
            config,
            made_with=made_with,
            **options,
        )

    return gather


class TestFindVideos:
    def test_files_and_folders_at_any_depth(self, films):
        (films / "deep" / "c.MP4").write_bytes(b"")
        (films / "notes.txt").write_text("no video")
        assert [path.name for path in find_videos(films)] == ["a", "b", "c.MP4"]


class TestGather:
    def test_clips_are_stored_with_what_agreed(self, gather, tmp_path):
        found = gather()
        assert (found.clips, found.proposed, found.kept) == (3, 3, 3)
        clips = read_clips(tmp_path / "cache")
        shown = [np.flatnonzero(clip.visible) for clip in clips]
        assert [(s[0], s[-1]) for s in shown] == [(0, 19), (20, 39), (0, 19)]

    def test_second_run_looks_at_no_clip_again(self, gather):
        gather(replace(CONFIG, max_clips=2))
        told = []
        found = gather(say=told.append)
        assert found.clips == 3
        assert len(told) == 1 and told[0].startswith("a-")

    def test_each_video_comes_before_a_second_clip_of_one(self, gather):
        told = []
        gather(say=told.append)
        names = [line.partition(":")[0].rsplit("-", 2) for line in told]
        assert [(name, first) for name, _, first in names] == [
            ("a", "000000"),
            ("deep-b", "000000"),
            ("a", "000020"),
        ]

    def test_bounded_by_clips(self, gather, tmp_path):
        assert gather(replace(CONFIG, max_clips=1)).clips == 1
        assert len(read_clips(tmp_path / "cache")) == 1

    def test_half_written_note_is_done_again(self, gather, tmp_path):
        gather()
        notes = tmp_path / "cache" / "gathered.csv"
        lines = notes.read_text().splitlines()
        notes.write_text("\n".join([*lines[:2], lines[2][:-2]]))
        assert gather().clips == 3

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"made_with": "other"}, id="weights"),
            pytest.param({"seed": 4}, id="seed"),
            pytest.param({"config": replace(CONFIG, min_score=0.1)}, id="settings"),
        ],
    )
    def test_cache_of_another_kind_is_refused(self, gather, change):
        gather()
        with pytest.raises(TrainingError, match="other weights or settings"):
            gather(**change)

    def test_damaged_video_is_left_out(self, gather, films):
        (films / "broken.mp4").write_bytes(b"no video at all")
        told = []
        assert gather(say=told.append).clips == 3
        assert any("broken.mp4 is left out" in line for line in told)


def draw(seed=0):
    return Draws(torch.Generator().manual_seed(seed), torch.device("cpu"))


def smooth_ground(height, width, seed=0):
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 10, 14, generator=rng) * 120
    big = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
    return big[0].permute(1, 2, 0).clamp(0, 255).to(torch.uint8).numpy()


def moving_scene(*, camera=(0, 0)):
    """A bright square that moves by 8 px over a ground that the camera may move."""
    ground = smooth_ground(260, 360)
    frames = []
    for step in (0, 1):
        y, x = 20 + step * camera[0], 20 + step * camera[1]
        frame = ground[y : y + 200, x : x + 300].copy()
        left = 120 + 8 * step
        frame[80:130, left : left + 50] = 250
        frames.append(frame)
    return frames


@pytest.mark.parametrize(
    "camera", [pytest.param((0, 0), id="still"), pytest.param((6, 10), id="panning")]
)
def test_first_box_lies_on_what_moves_by_itself(camera):
    boxes = propose_boxes(*moving_scene(camera=camera), 3, draw())
    best = torch.tensor(boxes[0])
    truth = torch.tensor([120.0, 80.0, 58.0, 50.0])
    assert box_iou(xywh_to_xyxy(best), xywh_to_xyxy(truth)) > 0.3


def test_nothing_is_proposed_in_an_empty_picture():
    frame = np.full((120, 160, 3), 90, np.uint8)
    assert propose_boxes(frame, frame, 4, draw()) == []


def test_boxes_lie_inside_and_hardly_overlap():
    frame, later = moving_scene(camera=(4, 4))
    boxes = torch.tensor(propose_boxes(frame, later, 6, draw(1)))
    corners = xywh_to_xyxy(boxes)
    assert (corners[:, :2] >= 0).all()
    assert (corners[:, 2] <= 300).all() and (corners[:, 3] <= 200).all()
    overlap = box_iou(corners[:, None], corners[None])
    assert (overlap - torch.eye(len(boxes))).max() < 0.25


@pytest.mark.parametrize("shift", [(0, 0), (4, -7), (-9, 3)])
def test_shift_is_found(shift):
    picture = torch.rand(60, 90, generator=torch.Generator().manual_seed(2))
    assert find_shift(picture, torch.roll(picture, shift, (0, 1))) == shift
