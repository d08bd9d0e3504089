"""The sample as the menu gives it to napari."""

from __future__ import annotations

from napari.layers import Layer

from napari_fcot.layers.video_layer import read_video_layer
from napari_fcot.sample_data import open_sample


def test_sample_is_a_video_of_one_layer(monkeypatch, frames):
    class Sample:
        name, frame_rate = "square", 12.5

    Sample.frames = frames
    monkeypatch.setattr("fcot_engine.sample.make_sample_video", Sample)
    (layer_data,) = open_sample()
    source, path = read_video_layer(Layer.create(*layer_data))
    assert path is None
    assert len(source) == len(frames)
    assert source.name == "square"
    assert source.frame_rate == 12.5
