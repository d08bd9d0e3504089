"""A correction brings the box back, on the sample and with the shipped weights."""

from __future__ import annotations

import pytest
import torch

from fcot_engine.geometry.boxes import box_iou, xywh_to_xyxy
from fcot_engine.sample import make_sample_video
from fcot_engine.tracker import Tracker

_START = 70  # before the look-alike comes
_CORRECTED = 126  # the look-alike has taken the box, and has left the target
_FOLLOWING = 30


@pytest.fixture(scope="module")
def video():
    return make_sample_video()


def overlaps(video, *, correct_at=None):
    """IoU in each frame after the first one, by frame number."""
    tracker = Tracker.from_preset("lite", device="cpu", keep_score_maps=False)
    tracker.init(video.frames[_START], video.boxes_xywh[_START])
    found = {}
    for index in range(_START + 1, _CORRECTED + _FOLLOWING + 1):
        frame, truth = video.frames[index], video.boxes_xywh[index]
        if index == correct_at:
            tracker.correct(frame, truth)
            continue
        boxes = torch.tensor([tracker.track(frame).box_xywh, tuple(truth)])
        corners = xywh_to_xyxy(boxes)
        found[index] = float(box_iou(corners[0], corners[1]))
    return found


@pytest.fixture(scope="module")
def uncorrected(video):
    return overlaps(video)


@pytest.mark.slow
class TestCorrectionAfterTheLookAlike:
    def test_box_is_right_until_the_look_alike_comes(self, uncorrected):
        before = [uncorrected[index] for index in range(_START + 1, 92)]
        assert min(before) > 0.5

    def test_without_correction_the_box_stays_lost(self, uncorrected):
        after = [uncorrected[_CORRECTED + step] for step in range(1, _FOLLOWING + 1)]
        assert max(after) < 0.5

    def test_with_correction_the_next_thirty_frames_are_right(self, video):
        found = overlaps(video, correct_at=_CORRECTED)
        after = [found[_CORRECTED + step] for step in range(1, _FOLLOWING + 1)]
        assert min(after) > 0.5
