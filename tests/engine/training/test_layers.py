from __future__ import annotations

import torch

from fcot_engine.training.layers import PhotoBatch, gather_photos, look_up, patch_grid

CPU = torch.device("cpu")


def ramp_photo(side=32, size=(20, 24)):
    """Red holds x, green y of each pixel centre, over 100; the rest repeats."""
    w, h = size
    axis = torch.arange(side) + 0.5
    x, y = axis.clamp(max=w - 0.5) / 100, axis.clamp(max=h - 0.5) / 100
    image = torch.stack([x.expand(side, side), y[:, None].expand(side, side)])
    image = torch.cat([image, torch.zeros(1, side, side)])[None]
    return PhotoBatch(image, torch.tensor([[float(w), float(h)]]), torch.ones(1))


class TestPatchGrid:
    def test_linear_mapping_is_exact(self):
        grid = patch_grid(lambda p: p[None] * 2 + 1, 32, CPU)
        assert grid.shape == (1, 32, 32, 2)
        torch.testing.assert_close(grid[0, 3, 10], torch.tensor([22.0, 8.0]))


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
