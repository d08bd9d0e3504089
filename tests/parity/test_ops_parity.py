"""Tensor functions against the released operators, on recorded inputs."""

from __future__ import annotations

import pytest
import torch

from fcot_engine.config import PaperNetworkConfig
from fcot_engine.model import ClassificationModel
from fcot_engine.model.heads import InstanceL2Norm
from fcot_engine.ops import (
    ModulatedDeformConv2d,
    gaussian_label,
    hinge_classification_loss,
    offset_iou_loss,
    prroi_pool,
)

pytestmark = pytest.mark.shared


def _centers(boxes_xywh):
    return boxes_xywh[:, :2] + boxes_xywh[:, 2:] / 2


class TestOperators:
    @pytest.mark.parametrize(
        ("name", "bins", "stride"),
        [("prroi/out_4x4_scale1_16", 4, 16), ("prroi/out_3x3_scale1_8", 3, 8)],
    )
    def test_prroi_pool(self, parity, assert_close_to_rms, name, bins, stride):
        rois = parity["prroi/rois_batch_x0y0x1y1"]
        features = parity["prroi/feat"][rois[:, 0].long()]
        pooled = prroi_pool(features, rois[:, 1:], bins, stride=stride)
        assert_close_to_rms(pooled, parity[name], 1e-5)

    def test_deform_conv(self, parity, assert_close_to_rms):
        layer = ModulatedDeformConv2d(8, 5)
        layer.load_state_dict({k: parity[f"dcn/{k}"] for k in layer.state_dict()})
        out = layer(parity["dcn/input"]).detach()
        assert_close_to_rms(out, parity["dcn/output"], 1e-5)

    def test_instance_norm(self, parity, assert_close_to_rms):
        out = InstanceL2Norm(0.03)(parity["dcn/input"])
        assert_close_to_rms(out, parity["norm/out"], 1e-5)


class TestLabels:
    def test_distance_bins(self, parity):
        """A table that is 1 in one entry reads out that entry's share of each cell."""
        config = PaperNetworkConfig().coarse
        model = ClassificationModel(config, config.channels, stride=16)
        expected = parity["cls18/distance_bins_sample"]
        for number, bin_ in zip(range(0, 100, 7), expected, strict=True):
            with torch.no_grad():
                model.label_table.copy_(torch.eye(100)[number])
                box = parity["in/train_boxes_xywh"][0]
                found = model.label_maps(box, (18, 18)).label
            torch.testing.assert_close(found, bin_, atol=3e-4, rtol=0)

    @pytest.mark.parametrize(
        ("name", "cells", "stride", "sigma", "step"),
        [("train/gauss18", 19, 16, 0.9, 1), ("train/gauss72", 73, 4, 1.8, 3)],
    )
    def test_gaussian_label(self, parity, name, cells, stride, sigma, step):
        centers = _centers(parity["in/train_boxes_xywh"])
        label = gaussian_label(centers, (cells, cells), sigma, stride=stride)
        label = label[:, ::step, ::step]
        torch.testing.assert_close(label, parity[name], atol=3e-4, rtol=0)


class TestLosses:
    def test_hinge_classification_loss(self, parity):
        center = _centers(parity["in/test_box_xywh"])
        label = gaussian_label(center, (19, 19), 0.9, stride=16)
        loss = hinge_classification_loss(parity["cls18/test_score_final"][None], label)
        expected = float(parity["train/lbhinge18"])
        assert float(loss) == pytest.approx(expected, rel=1e-4)

    @pytest.mark.parametrize("radius", [0, 2])
    def test_offset_iou_loss(self, parity, radius):
        """The released targets are ours for a box centred on the middle of a cell."""
        box = parity["in/test_box_xywh"]
        center = ((_centers(box) / 4).floor() + 0.5) * 4
        snapped = torch.cat([center - box[:, 2:] / 2, center + box[:, 2:] / 2], dim=-1)
        offsets = parity["reg/test_offsets_init"][None]
        loss = offset_iou_loss(offsets, snapped, stride=4, radius=radius)
        expected = float(parity[f"train/regloss_r{radius}"])
        assert float(loss) == pytest.approx(expected, rel=1e-4)
