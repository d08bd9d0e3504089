from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from fcot_engine.config import FactoryConfig
from fcot_engine.training._drawing import (
    MASK_CELLS,
    PhotoBatch,
    box_of_mask,
    box_of_turned_ellipse,
    complete_at_border,
    gather_photos,
    look_up,
)
from fcot_engine.training._draws import Draws
from fcot_engine.training._motion import Pose, draw_motion


def random_pose(*lead):
    draw = Draws(torch.Generator().manual_seed(0), torch.device("cpu"))
    return Pose(
        draw.uniform(40, 120, *lead, 2),
        draw.uniform(20, 50, *lead, 2),
        draw.uniform(-3, 3, *lead),
        draw.normal(0.08, *lead, 2),
        draw.normal(0.06, *lead, 2),
        draw.uniform(0, 6, *lead, 2),
    )


class TestPose:
    def test_tile_to_patch_and_back(self):
        pose = random_pose(5, 3)
        points = torch.rand(5, 3, 40, 2) * 2 - 1
        back = pose.to_tile(pose.to_patch(points))
        torch.testing.assert_close(back, points, atol=1e-3, rtol=0)

    def test_quarter_turn_takes_right_to_down(self):
        pose = Pose.rigid(
            torch.zeros(2), torch.tensor([4.0, 2.0]), torch.tensor(math.pi / 2)
        )
        right = pose.to_patch(torch.tensor([[1.0, 0.0]]))
        torch.testing.assert_close(right, torch.tensor([[0.0, 4.0]]))

    def test_negative_width_mirrors(self):
        pose = Pose.rigid(torch.zeros(2), torch.tensor([-4.0, 2.0]), torch.tensor(0.0))
        assert pose.to_patch(torch.tensor([[1.0, 1.0]])).tolist() == [[-4.0, 2.0]]


CPU = torch.device("cpu")


def ramp_photo(side=32, size=(20, 24)):
    """Red holds x, green y of each pixel centre, over 100; the rest repeats."""
    w, h = size
    axis = torch.arange(side) + 0.5
    x, y = axis.clamp(max=w - 0.5) / 100, axis.clamp(max=h - 0.5) / 100
    image = torch.stack([x.expand(side, side), y[:, None].expand(side, side)])
    image = torch.cat([image, torch.zeros(1, side, side)])[None]
    return PhotoBatch(image, torch.tensor([[float(w), float(h)]]), torch.ones(1))


class TestLookUp:
    def look_up(self, points, border):
        grid = torch.tensor(points).view(1, 1, 2, 2, 2)
        mode = None if border is None else torch.tensor([border])
        return look_up(ramp_photo(), grid, mode)[0, 0, :2].flatten(1).T * 100

    def test_inside_points_give_their_own_place(self):
        points = [[3.0, 4.0], [10.5, 7.25], [19.0, 23.0], [1.0, 1.0]]
        for border in (None, 0, 1, 2):
            found = self.look_up(points, border)
            torch.testing.assert_close(found, torch.tensor(points), atol=1e-4, rtol=0)

    def test_repeated_border(self):
        found = self.look_up([[-5.0, 4.0], [40.0, 4.0], [3.0, 60.0], [3.0, -1.0]], 0)
        expected = torch.tensor([[0.5, 4], [19.5, 4], [3, 23.5], [3, 0.5]])
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)

    def test_reflected_border(self):
        found = self.look_up([[-5.0, 4.0], [25.0, 4.0], [3.0, 30.0], [3.0, -3.0]], 1)
        expected = torch.tensor([[5.0, 4], [15, 4], [3, 18], [3, 3]])
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)

    def test_filled_border_has_one_colour(self):
        found = self.look_up([[-5.0, 4.0], [25.0, 4.0], [3.0, 30.0], [3.0, 3.0]], 2)
        torch.testing.assert_close(found[0], found[1])
        torch.testing.assert_close(found[0], found[2])


class TestGatherPhotos:
    def test_resolution_follows_the_shrinking(self, textured_pool):
        photo = torch.tensor([0, 1, 2, 3])
        shrink = torch.tensor([0.5, 1.9, 2.1, 50.0])
        batch = gather_photos(textured_pool, photo, shrink, CPU)
        assert batch.scale.tolist() == [1, 1, 0.5, 0.25]
        torch.testing.assert_close(batch.sizes_wh[2], textured_pool.sizes_wh[2] * 0.5)
        own = textured_pool.levels[1][2].float() / 255
        torch.testing.assert_close(batch.images[2, :, :80, :80], own)


class TestBoxOfMask:
    def test_hard_edges_lie_on_pixel_borders(self):
        mask = torch.zeros(20, 30)
        mask[4:9, 10:25] = 1
        assert box_of_mask(mask).tolist() == [10, 4, 25, 9]

    def test_half_covered_pixel_moves_the_edge_by_half_a_pixel(self):
        mask = torch.zeros(9, 9)
        mask[3:6, 3:6] = 1
        mask[3:6, 2] = 0.4999
        left = box_of_mask(mask)[0]
        assert 2.45 < left < 2.55

    def test_empty_mask_gives_zeros(self):
        assert box_of_mask(torch.zeros(8, 8)).tolist() == [0, 0, 0, 0]


class TestCompleteAtBorder:
    def test_box_cut_by_the_patch_gets_its_true_extent(self):
        pose = Pose.rigid(
            torch.tensor([[[4.0, 30.0]]]),
            torch.tensor([[[20.0, 10.0]]]),
            torch.zeros(1, 1),
        )
        mask = torch.ones(1, 1, MASK_CELLS, MASK_CELLS)
        cut = torch.tensor([[[0.0, 20.0, 24.0, 40.0]]])
        full = complete_at_border(cut, mask, pose, 64)
        assert full[0, 0, 0] < -14
        assert full[0, 0, 1:].tolist() == [20, 24, 40]


class TestBoxOfTurnedEllipse:
    def test_without_turn_it_is_the_tile(self):
        pose = Pose.rigid(
            torch.tensor([30.0, 40.0]), torch.tensor([-10.0, 5.0]), torch.tensor(0.0)
        )
        assert box_of_turned_ellipse(pose).tolist() == [20, 35, 40, 45]

    @pytest.mark.parametrize("angle", [0.1, 1.0, math.pi / 2])
    def test_lies_between_ellipse_and_rectangle(self, angle):
        pose = Pose.rigid(
            torch.zeros(2), torch.tensor([10.0, 5.0]), torch.tensor(angle)
        )
        half_w = box_of_turned_ellipse(pose)[2]
        ellipse = math.hypot(10 * math.cos(angle), 5 * math.sin(angle))
        rectangle = 10 * abs(math.cos(angle)) + 5 * abs(math.sin(angle))
        assert ellipse - 1e-4 <= half_w <= rectangle + 1e-4


CONFIG = FactoryConfig(patch_size=160)


def make_motion(*, plain, ratio=2.0, n=400, unique=True, config=CONFIG):
    box = torch.tensor([0.0, 0.0, 50.0 * ratio, 50.0]).expand(n, 4)
    draw = Draws(torch.Generator().manual_seed(0), torch.device("cpu"))
    flags = torch.full((n,), plain), torch.full((n,), unique)
    return draw_motion(config, box, *flags, draw)


def test_size_between_train_and_test_changes_as_configured():
    size = make_motion(plain=True).target.half_px.abs().log().mean(-1)
    change = (size[:, 2] - size[:, 0]).std()
    assert 0.13 < change < 0.2
    assert 62 < float(size.median().exp()) * 2 < 66


def test_plain_pairs_hardly_turn_and_do_not_bend():
    pose = make_motion(plain=True).target
    assert pose.angle.abs().max() < 0.1
    assert not pose.tilt.any() and not pose.bend.any()


class TestAbsence:
    def test_shares_are_of_the_test_frames(self):
        config = replace(CONFIG, away_share=0.2, hidden_share=0.3)
        motion = make_motion(plain=False, config=config)
        assert not (motion.away | motion.hidden)[:, :2].any()
        assert 0.15 < motion.away[:, 2:].float().mean() < 0.25
        assert 0.18 < motion.hidden[:, 2:].float().mean() < 0.3
        assert not (motion.away & motion.hidden).any()

    def test_targets_that_are_shown_twice_never_leave(self):
        config = replace(CONFIG, away_share=1.0, hidden_share=1.0)
        motion = make_motion(plain=False, config=config, unique=False)
        assert not (motion.away | motion.hidden).any()

    def test_target_that_left_is_outside_however_it_is_turned(self):
        motion = make_motion(plain=False, config=replace(CONFIG, away_share=1.0))
        reach = motion.target.half_px.norm(dim=-1, keepdim=True)
        center = motion.target.center_px[:, 2:]
        gap = torch.maximum(-center, center - 160).amax(-1, keepdim=True)
        assert (gap > reach[:, 2:]).all()


def test_thin_targets_are_pasted_ones():
    config = replace(CONFIG, thin_share=1.0)
    for plain, low, high in ((False, 2.5, 8.0), (True, 1.9, 2.1)):
        half = make_motion(plain=plain, config=config).target.half_px.abs()
        length = half.amax(-1) / half.amin(-1)
        assert low < float(length.median()) < high


def test_zoom_grows_target_and_background_together():
    for share, low, high in ((0.0, -0.2, 0.2), (1.0, 0.8, 1.0)):
        motion = make_motion(plain=False, config=replace(CONFIG, zoom_share=share))
        size = motion.target.half_px.abs().prod(-1).sqrt().log()
        size = size - size.mean(1, keepdim=True)
        zoom = motion.background_zoom.log()
        zoom = zoom - zoom.mean(1, keepdim=True)
        related = torch.corrcoef(torch.stack([size.flatten(), zoom.flatten()]))[0, 1]
        assert low < float(related) < high
