from __future__ import annotations

import pytest
import torch

from fcot_engine.training import appearance
from fcot_engine.training.appearance import (
    degrade_frames,
    lower_resolution,
    tint,
    vary_light,
)
from fcot_engine.training.dice import Dice


@pytest.fixture
def dice():
    return Dice(torch.Generator().manual_seed(1), torch.device("cpu"))


@pytest.fixture
def frames():
    return torch.rand(12, 3, 64, 64, generator=torch.Generator().manual_seed(2))


class TestFrames:
    def test_range_is_kept(self, frames, dice):
        out = degrade_frames(frames * 1.4 - 0.2, dice)
        assert out.min() >= 0 and out.max() <= 1

    def test_input_is_not_written_to(self, frames, dice):
        before = frames.clone()
        degrade_frames(frames, dice)
        torch.testing.assert_close(frames, before)

    def test_some_frames_change_and_some_do_not(self, frames, dice):
        change = (degrade_frames(frames, dice) - frames).abs().mean((1, 2, 3))
        assert (change == 0).any() and (change > 0.005).any()

    @pytest.mark.parametrize(
        "name", ["_lower_resolution_a_little", "_blur_by_motion", "_blur_by_focus"]
    )
    def test_blurs_keep_flat_areas_and_lower_contrast(self, frames, dice, name):
        blur = getattr(appearance, name)
        flat = torch.full((2, 3, 64, 64), 0.3)
        torch.testing.assert_close(blur(flat, dice), flat)
        assert blur(frames, dice).std() < 0.9 * frames.std()

    def test_compression_loses_a_little(self, frames, dice):
        error = (appearance._compress(frames, dice) - frames).abs().mean()
        assert 0.005 < error < 0.15


class TestLowerResolution:
    def test_more_is_blurred_more(self, frames, dice):
        little = lower_resolution(frames, dice, low=1.5, high=1.6)
        much = lower_resolution(frames, dice, low=6.0, high=7.0)
        assert much.std() < 0.6 * little.std()


class TestLight:
    def test_shadow_darkens_a_part_and_leaves_another(self, dice):
        images = torch.full((30, 2, 3, 64, 64), 0.8)
        shaded = appearance._cast_shadow(images, dice)
        assert (shaded <= 0.8).all()
        darkest, lightest = shaded.amin((1, 2, 3, 4)), shaded.amax((1, 2, 3, 4))
        assert (darkest < 0.65).float().mean() > 0.8
        assert (lightest > 0.75).float().mean() > 0.8

    def test_frames_of_a_sequence_share_their_look(self, dice):
        images = torch.full((40, 3, 3, 16, 16), 0.5)
        means = vary_light(images, dice).mean((2, 3, 4))
        within, between = means.std(1).mean(), means.mean(1).std()
        assert 0 < within < between

    def test_tint_of_no_strength_keeps_hues(self, dice):
        colours = torch.rand(4, 2, 3, 8, 8)
        out = tint(colours, dice, strength=torch.tensor(0.0))
        ratio = out / colours
        torch.testing.assert_close(ratio[:, :, 0].mean(), ratio[:, :, 2].mean())
