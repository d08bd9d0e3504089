from __future__ import annotations

import torch

from fcot_engine.config.training import FactoryConfig
from fcot_engine.training.dice import Dice
from fcot_engine.training.motion import draw_motion

CONFIG = FactoryConfig(patch_size=160)


def draw(*, plain, ratio=2.0, n=400):
    box = torch.tensor([0.0, 0.0, 50.0 * ratio, 50.0]).expand(n, 4)
    dice = Dice(torch.Generator().manual_seed(0), torch.device("cpu"))
    return draw_motion(CONFIG, box, torch.full((n,), plain), dice)


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
