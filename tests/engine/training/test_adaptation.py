from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fcot_engine.config import AdaptationConfig, FactoryConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training import (
    DataPart,
    adapt_network_,
    open_adaptation_source,
    read_clips,
)
from fcot_engine.training.videos import ClipTrack, write_clip

FREE = AdaptationConfig(pull=0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("adapted")


@pytest.fixture(scope="module")
def adapt(small_factory, make_lite_network, config, folder):
    """Adapt a small network by eight samples; returns the weights before and after."""
    factory = FactoryConfig(patch_size=64, target_size_px=26.0)
    training = replace(config, factory=factory, samples=8, lr=1e-3)

    def adapt(adaptation, *, name="run", **options):
        torch.manual_seed(3)
        network = make_lite_network()
        before = {k: v.clone() for k, v in network.state_dict().items()}
        ending, samples = adapt_network_(
            network,
            small_factory,
            training,
            adaptation,
            folder=folder / name,
            **options,
        )
        assert (ending, samples) == ("samples", 8)
        assert not network.training
        return before, network.state_dict()

    return adapt


@pytest.fixture(scope="module")
def free(adapt):
    """Weights before and after, with nothing that holds them."""
    return adapt(FREE)


def distance(before, after, *, wanted):
    return sum(
        float((after[name] - before[name]).norm())
        for name in before
        if wanted(name) and before[name].is_floating_point()
    )


def is_weight(name):
    return "running" not in name


class TestAdaptNetwork:
    def test_weights_move_and_running_statistics_stay(self, free):
        before, after = free
        assert distance(before, after, wanted=is_weight) > 0.01
        assert distance(before, after, wanted=lambda n: "running" in n) == 0

    def test_pull_keeps_weights_near(self, adapt, free):
        held = adapt(replace(FREE, pull=1e5), name="held")
        far = distance(*free, wanted=is_weight)
        assert distance(*held, wanted=is_weight) < 0.7 * far

    def test_blend_goes_a_part_of_the_way(self, adapt, free):
        before, whole = free
        _, half = adapt(replace(FREE, blend=0.5), name="half")
        for name, value in half.items():
            if value.is_floating_point():
                middle = (before[name] + whole[name]) / 2
                torch.testing.assert_close(value, middle, atol=1e-6, rtol=1e-5)

    def test_resuming_a_finished_run_changes_nothing(self, adapt, free):
        _, one = free
        _, two = adapt(FREE, resume=True)
        assert all(torch.equal(one[name], two[name]) for name in one)


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
    data = DataPart(kind="photos", folder=photos, weight=1.0)
    source, what = open_adaptation_source(clips, CONFIG, photos=data, device=CPU)
    assert what == "1 tracks, 3 photos"
    assert source.make_batch(0, 6).test_images.shape[0] == 6


def test_too_few_boxes_are_refused(clips):
    config = FactoryConfig(patch_size=64, target_size_px=24.0, n_test=14)
    with pytest.raises(TrainingError, match="None of the 1 videos"):
        open_adaptation_source(clips, config, device=CPU)
