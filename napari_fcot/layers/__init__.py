"""Conversion to and from napari: pixels, layers, and a viewer to follow."""

from __future__ import annotations

from napari_fcot.layers.box_layer import BoxLayer
from napari_fcot.layers.shown_box import ShownBox
from napari_fcot.layers.viewer_link import ViewerLink

__all__ = ["BoxLayer", "ShownBox", "ViewerLink"]
