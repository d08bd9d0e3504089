"""A sample video with ground truth, composed from photographs in scikit-image."""

from __future__ import annotations

from fcot_engine.sample.sample_video import SampleVideo, make_sample_video

__all__ = [
    "SampleVideo",
    "make_sample_video",
]
