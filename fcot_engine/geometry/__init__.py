"""Coordinates: boxes and the mapping between image and search patch."""

from __future__ import annotations

from fcot_engine.geometry.boxes import (
    MIN_SIDE_PX,
    BoxXywh,
    box_iou,
    check_box,
    check_box_in_frame,
    cut_to_frame,
    fit_drawn_box,
    share_outside,
    xywh_to_xyxy,
    xyxy_to_xywh,
)
from fcot_engine.geometry.patch_frame import PatchFrame, tile_frame

__all__ = [
    "MIN_SIDE_PX",
    "BoxXywh",
    "PatchFrame",
    "box_iou",
    "check_box",
    "check_box_in_frame",
    "cut_to_frame",
    "fit_drawn_box",
    "share_outside",
    "tile_frame",
    "xywh_to_xyxy",
    "xyxy_to_xywh",
]
