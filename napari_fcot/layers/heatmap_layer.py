"""The heatmap overlay: one lazy image over the video, pasted when it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Image, Layer
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray

from napari_fcot.layers.pixel_frame import grid_to_pixels, pixel_to_world
from napari_fcot.tracking.compact_score_map import CompactScoreMap, MapKind
from napari_fcot.tracking.score_map_store import ScoreMapStore

__all__ = [
    "HEATMAP_NAME",
    "ScoreMapArray",
    "is_heatmap",
    "make_colormap",
    "make_heatmap_layer",
    "show_kind",
]

HEATMAP_NAME = "FCOT heatmap"
STRIDE = 4
"""Image pixels a heatmap pixel covers: the finer classifier's stride."""
DEFAULT_OPACITY = 1.0
"""Of the whole overlay; its colours let the video through by themselves."""
_MARK = "napari-fcot-heatmap"
# From nothing over blue to yellow and red: what scores 0 leaves the video as it is.
_COLORS = ([0, 0.2, 1, 0], [0, 0.4, 1, 0.35], [1, 0.9, 0, 0.55], [1, 0, 0, 0.75])
_COLOR_PLACES = (0.0, 0.2, 0.5, 1.0)


class ScoreMapArray:
    """The score maps of a whole video as a (T, H / 4, W / 4) array that is never made.

    napari asks for one slice of time at a time; only that one is pasted.

    Args:
        n_frames: number of frames of the video.
        height: height of the video in pixels.
        width: width of the video in pixels.
        find_maps: returns the maps to show, or None for an empty picture.
        kind: which map of each frame; may be set later, see `show_kind`.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(
        self,
        n_frames: int,
        height: int,
        width: int,
        *,
        find_maps: Callable[[], ScoreMapStore | None],
        kind: MapKind = MapKind.FUSED,
    ) -> None:
        self.shape = (n_frames, -(-height // STRIDE), -(-width // STRIDE))
        self.kind = kind
        self._find_maps = find_maps
        self._pasted: tuple[int, CompactScoreMap | None] = (-1, None)

    def is_outdated(self, frame_index: int) -> bool:
        """Whether this frame was the last one asked for, and now looks different."""
        index, pasted = self._pasted
        return index == frame_index and pasted is not self._find(frame_index)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.shape[0] * self.shape[1] * self.shape[2]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        key = key if isinstance(key, tuple) else (key,)
        frames = np.arange(self.shape[0])[key[0]]
        stack = np.zeros((np.size(frames), *self.shape[1:]), np.uint8)
        for place, frame_index in zip(stack, np.atleast_1d(frames), strict=True):
            self._paste(int(frame_index), out=place)
        return stack[(0 if np.ndim(frames) == 0 else slice(None), *key[1:])]

    def __array__(
        self, dtype: Any = None, copy: bool | None = None
    ) -> NDArray[np.uint8]:
        """Make the whole array; only for those who save or measure the layer."""
        return np.asarray(self[:], dtype=dtype)

    def _find(self, frame_index: int) -> CompactScoreMap | None:
        maps = self._find_maps()
        return None if maps is None else maps.get(frame_index, self.kind)

    def _paste(self, frame_index: int, *, out: NDArray[np.uint8]) -> None:
        found = self._find(frame_index)
        self._pasted = (frame_index, found)
        if found is not None:
            height, width = out.shape
            out[:] = found.paste(height=height, width=width, stride=STRIDE)


def make_colormap() -> Colormap:
    """Return the colours of scores, clear where there is nothing to see."""
    return Colormap(_COLORS, controls=_COLOR_PLACES, name="FCOT score")


def make_heatmap_layer(
    video: Layer, data: ScoreMapArray, *, opacity: float = DEFAULT_OPACITY
) -> Image:
    """Build the overlay for a video layer.

    Args:
        video: the layer that the maps lie over.
        data: its maps.
        opacity: 0 to 1; later it is the layer's own `opacity`.
    """
    return Image(
        data,
        name=HEATMAP_NAME,
        rgb=False,
        multiscale=False,
        contrast_limits=(0, 255),  # else napari would scan the data
        colormap=make_colormap(),
        blending="translucent_no_depth",
        interpolation2d="linear",
        opacity=opacity,
        affine=pixel_to_world(video) @ grid_to_pixels(STRIDE, video.ndim),
        axis_labels=video.axis_labels,
        units=video.units,
        metadata={_MARK: True},
    )


def is_heatmap(layer: Layer) -> bool:
    """Whether a layer is our overlay."""
    return bool(layer.metadata.get(_MARK, False))


def show_kind(layer: Image, kind: MapKind) -> None:
    """Show other maps in an overlay that is there already."""
    if layer.data.kind is not kind:
        layer.data.kind = kind
        layer.refresh(thumbnail=False, extent=False)
