from __future__ import annotations

import pytest
import torch

from fcot_engine.geometry import PatchFrame
from fcot_engine.ops import cut_patch
from fcot_engine.tracker.samples import make_rejected_patches

TARGET = (40.0, 50.0, 32.0, 32.0)
NEAR, FAR = (60.0, 50.0, 32.0, 32.0), (110.0, 80.0, 20.0, 40.0)
FRAME = PatchFrame.around(TARGET, size_px=64, area_scale=4.0)


@pytest.fixture
def made(scene):
    return make_rejected_patches(scene(TARGET), TARGET, [NEAR, FAR], FRAME)


def test_each_place_gives_one_patch_at_the_targets_scale(made, scene):
    assert made.patches.shape == (2, 3, 64, 64)
    around = PatchFrame((120.0, 100.0), FRAME.scale, 64)
    expected = cut_patch(scene(TARGET), around) / 255
    torch.testing.assert_close(made.patches[1:], expected)


def test_box_says_where_the_target_is_in_the_patch(made):
    """The scale is 2 image pixels a patch pixel; the near place is 20 to the right."""
    expected = torch.tensor([32.0 - 10 - 8, 32 - 8, 16, 16])
    torch.testing.assert_close(made.boxes_xywh[0], expected)


def test_target_may_lie_outside_of_the_patch(made):
    left, _, width, _ = made.boxes_xywh[1].tolist()
    assert left + width < 64 / 2 - 8
    assert made.boxes_xywh[1, 2:].tolist() == [16, 16]
