from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fcot_engine.config import HarvestConfig
from fcot_engine.training.two_way_tracks import follow_both_ways

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


def test_short_agreement_is_dropped(video, make_knowing_tracker):
    ways = make_knowing_tracker(video, drift_px=2.0), make_knowing_tracker(video)
    assert follow(video, *ways) is None


def test_target_that_stands_still_is_dropped(make_square_video, make_knowing_tracker):
    video = make_square_video(speed=0.05)
    ways = make_knowing_tracker(video), make_knowing_tracker(video)
    assert follow(video, *ways) is None
    ways = make_knowing_tracker(video), make_knowing_tracker(video)
    assert follow(video, *ways, config=replace(CONFIG, min_motion=0.0)) is not None
