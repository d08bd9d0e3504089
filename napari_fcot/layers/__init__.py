"""Conversion to and from napari: pixels, layers, and a viewer to follow."""

from __future__ import annotations

from napari_fcot.layers.box_layer import BoxLayer, ShownBox
from napari_fcot.layers.canvas import find_canvas
from napari_fcot.layers.frame_player import SPEEDS
from napari_fcot.layers.heatmap_view import PICK_KEY
from napari_fcot.layers.target_zoom import TargetZoom
from napari_fcot.layers.video_layer import (
    PATH_KEY,
    PROJECT_KEY,
    path_of,
    source_layer_data,
    video_layer_data,
)
from napari_fcot.layers.viewer_link import ViewerLink

__all__ = [
    "PATH_KEY",
    "PICK_KEY",
    "PROJECT_KEY",
    "SPEEDS",
    "BoxLayer",
    "ShownBox",
    "TargetZoom",
    "ViewerLink",
    "find_canvas",
    "path_of",
    "source_layer_data",
    "video_layer_data",
]
