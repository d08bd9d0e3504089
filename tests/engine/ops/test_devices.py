"""Results live where the inputs live, and are the same on every device."""

from __future__ import annotations

import pytest
import torch

from fcot_engine.ops import (
    cell_points,
    distance_map,
    gaussian_label,
    hinge_classification_loss,
    modulated_deform_conv2d,
    offset_iou_loss,
    prroi_pool,
)

BOXES = torch.tensor([[3.0, 5.0, 29.0, 21.0], [10.0, 8.0, 40.0, 33.0]])


def _points(features):
    return cell_points((3, 4), stride=4, device=features.device, dtype=features.dtype)


def _boxes(features):
    return BOXES.to(features)


OPS = {
    "cell_points": _points,
    "deform_conv": lambda x: modulated_deform_conv2d(
        x,
        x[:, :1].repeat(1, 18, 1, 1),
        x[:, :1].repeat(1, 9, 1, 1),
        x[:1, :, :3, :3],
        x[0, :1, 0, 0],
    ),
    "distance_map": lambda x: distance_map(_boxes(x)[:, :2], (5, 6), stride=4),
    "gaussian_label": lambda x: gaussian_label(
        _boxes(x)[:, :2], (5, 6), 1.5, stride=4, offset=0.5
    ),
    "hinge_classification_loss": lambda x: hinge_classification_loss(x, x.sigmoid()),
    "offset_iou_loss": lambda x: offset_iou_loss(x, _boxes(x), stride=4),
    "prroi_pool": lambda x: prroi_pool(x, _boxes(x), 3, stride=4, offset=0.5),
}


@pytest.fixture
def features():
    return 3 * torch.randn(2, 4, 12, 12)


@pytest.mark.parametrize("name", OPS)
class TestDevices:
    def test_nothing_is_made_on_another_device(self, name, features):
        """The meta device has no values, so any mix with the CPU raises."""
        assert OPS[name](features.to("meta")).device.type == "meta"

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_dtype_is_that_of_the_inputs(self, name, features, dtype):
        assert OPS[name](features.to(dtype)).dtype == dtype

    @pytest.mark.gpu
    def test_gpu_agrees_with_the_processor(self, name, features):
        expected = OPS[name](features.double())
        actual = OPS[name](features.double().cuda())
        assert actual.device.type == "cuda"
        torch.testing.assert_close(actual.cpu(), expected)
