"""File > Open Sample: the composed sample video."""

from __future__ import annotations

from typing import Any


def open_sample() -> list[Any]:
    """Compose the sample video; takes some seconds."""
    from fcot_engine.sample import make_sample_video
    from napari_fcot.layers import video_layer_data

    sample = make_sample_video()
    return [
        video_layer_data(sample.frames, name=sample.name, frame_rate=sample.frame_rate)
    ]
