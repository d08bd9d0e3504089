from __future__ import annotations

import pytest
import torch

from fcot_engine.model.efficientnet import TAP_CHANNELS, EfficientNetLite

_SIDE = 512  # more than the 340 pixels that a cell at stride 16 depends on


@pytest.fixture(scope="module")
def trunk():
    torch.manual_seed(0)
    return EfficientNetLite().eval()


def find_reach(trunk, level, cell):
    """First and last pixel, along x, that one cell of a map depends on."""
    images = torch.rand(1, 3, _SIDE, _SIDE, dtype=torch.double, requires_grad=True)
    trunk.double()(images)[level][0, :, cell, cell].sum().backward()
    trunk.float()
    seen = images.grad[0].abs().amax((0, 1)).nonzero().flatten()
    return int(seen[0]), int(seen[-1])


class TestEfficientNetLite:
    @pytest.mark.parametrize(("height", "width"), [(32, 32), (48, 112)])
    def test_shapes(self, trunk, height, width):
        with torch.no_grad():
            taps = trunk(torch.rand(2, 3, height, width))
        for tap, channels, stride in zip(taps, TAP_CHANNELS, (4, 8, 16), strict=True):
            assert tap.shape == (2, channels, height // stride, width // stride)

    def test_number_of_parameters_without_norms(self, trunk):
        # 1.3 M of the 4.6 M of the whole network are its classifier
        assert sum(p.numel() for p in trunk.parameters()) == 692_688

    @pytest.mark.parametrize(
        ("level", "stride", "off"),
        [
            pytest.param(0, 4, 0.5, id="stride_4"),
            pytest.param(1, 8, 1.5, id="stride_8"),
            pytest.param(2, 16, 2.5, id="stride_16"),
        ],
    )
    def test_cells_look_at_places_near_their_centres(self, trunk, level, stride, off):
        cell = _SIDE // 2 // stride
        first, last = find_reach(trunk, level, cell)
        middle = (first + last + 1) / 2
        assert abs(middle - (cell + 0.5) * stride) == off

    def test_a_shift_by_cells_shifts_the_maps(self, trunk):
        images = torch.rand(1, 3, 256, 256)
        with torch.no_grad():
            here, there = trunk(images), trunk(images.roll(8, dims=-1))
        # the middle, which no padding reaches
        moved, still = there.layer2[..., 8:24, 9:24], here.layer2[..., 8:24, 8:23]
        torch.testing.assert_close(moved, still, atol=1e-3, rtol=1e-3)

    def test_each_image_alone_gives_the_same(self, trunk):
        images = torch.rand(2, 3, 64, 64)
        with torch.no_grad():
            together, alone = trunk(images), trunk(images[1:])
        for both, one in zip(together, alone, strict=True):
            torch.testing.assert_close(both[1:], one, atol=1e-4, rtol=1e-4)

    def test_training_changes_nothing_that_it_answers(self, trunk):
        images = torch.rand(1, 3, 64, 64)
        with torch.no_grad():
            before = trunk(images).layer3
            trunk.train()(torch.rand(2, 3, 64, 64))
            after = trunk.eval()(images).layer3
        assert torch.equal(before, after)
