"""Conversion to and from napari: pixels, layers, and a viewer to follow."""

from __future__ import annotations

from napari_fcot.layers.box_layer import BoxLayer, BoxRow
from napari_fcot.layers.heatmap_layer import ScoreMapArray
from napari_fcot.layers.viewer_link import ViewerLink

__all__ = ["BoxLayer", "BoxRow", "ScoreMapArray", "ViewerLink"]
