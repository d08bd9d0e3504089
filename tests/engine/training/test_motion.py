from __future__ import annotations

from dataclasses import replace

import torch

from fcot_engine.config import FactoryConfig
from fcot_engine.training.dice import Dice
from fcot_engine.training.motion import draw_motion

CONFIG = FactoryConfig(patch_size=160)


def draw(*, plain, ratio=2.0, n=400, unique=True, config=CONFIG):
    box = torch.tensor([0.0, 0.0, 50.0 * ratio, 50.0]).expand(n, 4)
    dice = Dice(torch.Generator().manual_seed(0), torch.device("cpu"))
    flags = torch.full((n,), plain), torch.full((n,), unique)
    return draw_motion(config, box, *flags, dice)


def test_size_between_train_and_test_changes_as_configured():
    size = draw(plain=True).target.half_px.abs().log().mean(-1)
    change = (size[:, 2] - size[:, 0]).std()
    assert 0.13 < change < 0.2
    assert 62 < float(size.median().exp()) * 2 < 66


def test_shape_of_the_box_is_kept_about():
    half = draw(plain=True, ratio=2.0).target.half_px.abs()
    ratio = half[..., 0] / half[..., 1]
    assert 1.9 < float(ratio.median()) < 2.1
    assert float(ratio.log().std()) < 0.2


def test_mirroring_is_the_same_in_all_frames():
    sign = draw(plain=True).target.half_px[..., 0].sign()
    assert (sign == sign[:, :1]).all()
    assert 0.4 < float((sign[:, 0] < 0).float().mean()) < 0.6


def test_plain_pairs_hardly_turn_and_do_not_bend():
    pose = draw(plain=True).target
    assert pose.angle.abs().max() < 0.1
    assert not pose.tilt.any() and not pose.bend.any()


def test_pasted_targets_turn_and_bend():
    pose = draw(plain=False).target
    assert pose.angle.abs().max() > 2
    assert pose.bend.abs().max() > 0.05


class TestAbsence:
    def test_shares_are_of_the_test_frames(self):
        config = replace(CONFIG, away_share=0.2, hidden_share=0.3)
        motion = draw(plain=False, config=config)
        assert not (motion.away | motion.hidden)[:, :2].any()
        assert 0.15 < motion.away[:, 2:].float().mean() < 0.25
        assert 0.18 < motion.hidden[:, 2:].float().mean() < 0.3
        assert not (motion.away & motion.hidden).any()

    def test_targets_that_are_shown_twice_never_leave(self):
        config = replace(CONFIG, away_share=1.0, hidden_share=1.0)
        motion = draw(plain=False, config=config, unique=False)
        assert not (motion.away | motion.hidden).any()

    def test_target_that_left_is_outside_however_it_is_turned(self):
        motion = draw(plain=False, config=replace(CONFIG, away_share=1.0))
        reach = motion.target.half_px.norm(dim=-1, keepdim=True)
        center = motion.target.center_px[:, 2:]
        gap = torch.maximum(-center, center - 160).amax(-1, keepdim=True)
        assert (gap > reach[:, 2:]).all()

    def test_background_does_not_follow_it_out(self):
        config = replace(CONFIG, away_share=0.0)
        stays = draw(plain=False, config=config).background_shift
        leaves = draw(plain=False, config=replace(CONFIG, away_share=1.0))
        assert leaves.background_shift.abs().max() < 1.3 * stays.abs().max()


def test_thin_targets_are_pasted_ones():
    config = replace(CONFIG, thin_share=1.0)
    for plain, low, high in ((False, 2.5, 8.0), (True, 1.9, 2.1)):
        half = draw(plain=plain, config=config).target.half_px.abs()
        length = half.amax(-1) / half.amin(-1)
        assert low < float(length.median()) < high


def test_zoom_grows_target_and_background_together():
    for share, low, high in ((0.0, -0.2, 0.2), (1.0, 0.8, 1.0)):
        motion = draw(plain=False, config=replace(CONFIG, zoom_share=share))
        size = motion.target.half_px.abs().prod(-1).sqrt().log()
        size = size - size.mean(1, keepdim=True)
        zoom = motion.background_zoom.log()
        zoom = zoom - zoom.mean(1, keepdim=True)
        related = torch.corrcoef(torch.stack([size.flatten(), zoom.flatten()]))[0, 1]
        assert low < float(related) < high


def test_layers_move_between_background_and_target():
    motion = draw(plain=False)
    target = motion.target.center_px
    target = target - target.mean(1, keepdim=True)
    spreads = [
        float(shift.std())
        for shift in (motion.background_shift, motion.layer_shift, target)
    ]
    assert spreads[0] < spreads[1] < spreads[2]
