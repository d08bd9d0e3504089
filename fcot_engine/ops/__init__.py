"""Pure tensor functions, without a network, a video or a device of their own."""

from __future__ import annotations

from fcot_engine.ops.deform_conv import ModulatedDeformConv2d, modulated_deform_conv2d
from fcot_engine.ops.losses import (
    gaussian_label,
    hinge_classification_loss,
    offset_iou_loss,
)
from fcot_engine.ops.map_cells import (
    cell_points,
    decode_offsets,
    distance_map,
    encode_offsets,
)
from fcot_engine.ops.patch_cutting import (
    PatchWarp,
    cut_patch,
    cut_scales,
    warp_patches,
)
from fcot_engine.ops.peaks import Peak, find_peak, find_second_peak, refine_peak
from fcot_engine.ops.roi_pooling import prroi_pool
from fcot_engine.ops.target_filter import apply_filter, correlate_with_scores

__all__ = [
    "ModulatedDeformConv2d",
    "PatchWarp",
    "Peak",
    "apply_filter",
    "cell_points",
    "correlate_with_scores",
    "cut_patch",
    "cut_scales",
    "decode_offsets",
    "distance_map",
    "encode_offsets",
    "find_peak",
    "find_second_peak",
    "gaussian_label",
    "hinge_classification_loss",
    "modulated_deform_conv2d",
    "offset_iou_loss",
    "prroi_pool",
    "refine_peak",
    "warp_patches",
]
