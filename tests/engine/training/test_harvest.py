from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fcot_engine.config import HarvestConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training import gather_clips, harvest, read_clips
from fcot_engine.training.harvest import find_videos

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

    def propose(frame, later, count, dice):
        return [video.truth(int(frame[0, 0, 0]))]

    monkeypatch.setattr(harvest, "propose_boxes", propose)

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

    def test_a_few_images_are_no_video(self, tmp_path):
        for index in range(5):
            Image.new("RGB", (8, 8)).save(tmp_path / f"{index}.png")
        with pytest.raises(TrainingError, match="holds no videos"):
            find_videos(tmp_path)


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

    def test_videos_that_come_later_change_nothing_for_those_there_were(
        self, gather, films
    ):
        gather()
        (films / "a").rename(films / "z")  # now last, and unknown
        told = []
        gather(say=told.append)
        assert [line[:2] for line in told] == ["z-", "z-"]

    def test_bounded_by_clips(self, gather, tmp_path):
        assert gather(replace(CONFIG, max_clips=1)).clips == 1
        assert len(read_clips(tmp_path / "cache")) == 1

    def test_bounded_by_time(self, gather):
        assert gather(minutes=0.0).clips == 0

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

    def test_every_other_frame(self, gather, tmp_path):
        gather(replace(CONFIG, frame_step=2))
        first = read_clips(tmp_path / "cache")[0]
        assert np.flatnonzero(first.visible).tolist() == list(range(0, 40, 2))
