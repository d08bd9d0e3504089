from __future__ import annotations

import numpy as np
import pytest
import torch

from fcot_engine.config import FactoryConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training import open_adaptation_source, read_clips
from fcot_engine.training.clip_cache import ClipTrack, write_clip
from fcot_engine.training.data_options import DataOption

CONFIG = FactoryConfig(patch_size=64, target_size_px=24.0)
CPU = torch.device("cpu")


@pytest.fixture
def clips(tmp_path, make_square_video):
    """One clip with three boxes."""
    video = make_square_video()
    frames = np.array([4, 9, 15])
    boxes = np.array([video.truth(i) for i in frames])
    write_clip(tmp_path / "clips" / "a", video, [ClipTrack(frames, boxes, np.ones(3))])
    return read_clips(tmp_path / "clips")


def test_three_boxes_make_batches(clips):
    source, what = open_adaptation_source(clips, CONFIG, device=CPU)
    assert what == "1 tracks"
    batch = source.make_batch(0, 3)
    assert batch.train_images.shape == (3, 2, 3, 64, 64)


def test_photos_are_mixed_in_by_weight(clips, photos):
    data = DataOption(kind="photos", folder=photos, weight=1.0)
    source, what = open_adaptation_source(clips, CONFIG, photos=data, device=CPU)
    assert what == "1 tracks, 3 photos"
    assert source.make_batch(0, 6).test_images.shape[0] == 6


def test_too_few_boxes_are_refused(clips):
    config = FactoryConfig(patch_size=64, target_size_px=24.0, n_test=14)
    with pytest.raises(TrainingError, match="None of the 1 videos"):
        open_adaptation_source(clips, config, device=CPU)
