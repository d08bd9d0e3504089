"""Pure tensor functions, without a network, a video or a device of their own."""

from __future__ import annotations

from fcot_engine.ops.box_offsets import cell_points, decode_offsets, encode_offsets
from fcot_engine.ops.deform_conv import ModulatedDeformConv2d, modulated_deform_conv2d
from fcot_engine.ops.distances import distance_bins, distance_map
from fcot_engine.ops.instance_norm import InstanceL2Norm, instance_l2_norm
from fcot_engine.ops.losses import (
    gaussian_label,
    hinge_classification_loss,
    offset_iou_loss,
    offset_targets,
)
from fcot_engine.ops.patch_cutting import PatchWarp, cut_patch, warp_patches
from fcot_engine.ops.peaks import Peak, find_peak, find_second_peak, refine_peak
from fcot_engine.ops.roi_pooling import prroi_pool
from fcot_engine.ops.target_filter import apply_filter, correlate_with_scores

__all__ = [
    "InstanceL2Norm",
    "ModulatedDeformConv2d",
    "PatchWarp",
    "Peak",
    "apply_filter",
    "cell_points",
    "correlate_with_scores",
    "cut_patch",
    "decode_offsets",
    "distance_bins",
    "distance_map",
    "encode_offsets",
    "find_peak",
    "find_second_peak",
    "gaussian_label",
    "hinge_classification_loss",
    "instance_l2_norm",
    "modulated_deform_conv2d",
    "offset_iou_loss",
    "offset_targets",
    "prroi_pool",
    "refine_peak",
    "warp_patches",
]
