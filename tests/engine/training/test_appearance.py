from __future__ import annotations

import pytest
import torch

from fcot_engine.training._appearance import (
    degrade_frames,
    draw_frames_around,
    lower_resolution,
    repeat_border,
    vary_light,
)
from fcot_engine.training._draws import Draws


@pytest.fixture
def draw():
    return Draws(torch.Generator().manual_seed(1), torch.device("cpu"))


@pytest.fixture
def frames():
    return torch.rand(12, 3, 64, 64, generator=torch.Generator().manual_seed(2))


class TestFrames:
    def test_range_is_kept(self, frames, draw):
        out = degrade_frames(frames * 1.4 - 0.2, draw)
        assert out.min() >= 0 and out.max() <= 1

    def test_input_is_not_written_to(self, frames, draw):
        before = frames.clone()
        degrade_frames(frames, draw)
        torch.testing.assert_close(frames, before)

    def test_some_frames_change_and_some_do_not(self, frames, draw):
        change = (degrade_frames(frames, draw) - frames).abs().mean((1, 2, 3))
        assert (change == 0).any() and (change > 0.005).any()


class TestLowerResolution:
    def test_more_is_blurred_more(self, frames, draw):
        little = lower_resolution(frames, draw, low=1.5, high=1.6)
        much = lower_resolution(frames, draw, low=6.0, high=7.0)
        assert much.std() < 0.6 * little.std()


class TestLight:
    def test_frames_of_a_sequence_share_their_look(self, draw):
        images = torch.full((40, 3, 3, 16, 16), 0.5)
        means = vary_light(images, draw).mean((2, 3, 4))
        within, between = means.std(1).mean(), means.mean(1).std()
        assert 0 < within < between


def test_pixels_outside_repeat_the_nearest_inside():
    image = torch.arange(25.0).view(1, 1, 1, 5, 5).expand(1, 1, 3, 5, 5)
    found = repeat_border(image, torch.tensor([[[1.0, 2.0, 4.0, 4.0]]]))[0, 0, 0]
    rows, columns = [2, 2, 2, 3, 3], [1, 1, 2, 3, 3]
    assert torch.equal(found, image[0, 0, 0][rows][:, columns])


def test_whole_frame_changes_nothing():
    image = torch.rand(2, 3, 3, 8, 8)
    frames = torch.tensor([0.0, 0.0, 8.0, 8.0]).expand(2, 3, 4)
    assert torch.equal(repeat_border(image, frames), image)


def test_frame_beyond_the_patch_keeps_a_pixel():
    image = torch.rand(1, 1, 3, 8, 8)
    found = repeat_border(image, torch.tensor([[[-9.0, 20.0, -2.0, 30.0]]]))
    assert (found == image[..., 7:, :1]).all()


def test_frames_hold_their_targets_closely():
    boxes = torch.tensor([30.0, 40.0, 70.0, 100.0]).expand(64, 3, 4)
    draw = Draws(torch.Generator().manual_seed(0), torch.device("cpu"))
    frames = draw_frames_around(boxes, draw)
    assert (frames[..., :2] <= boxes[..., :2]).all()
    assert (frames[..., 2:] >= boxes[..., 2:]).all()
    gap = (frames - boxes).abs() / torch.tensor([40.0, 60.0, 40.0, 60.0])
    assert gap.max() < 0.75 and 0.03 < gap.median() < 0.25
