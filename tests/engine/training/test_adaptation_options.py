from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from fcot_engine.training.adaptation_options import (
    check_options,
    find_start,
    read_finetune_config,
    read_harvest_config,
)
from fcot_engine.training.command_options import (
    add_arguments,
    read_adaptation_config,
    read_config,
)


@pytest.fixture
def parse():
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    def parse(*words):
        return parser.parse_args(["--out", "run", *words])

    return parse


class TestTraining:
    def test_gentle_and_five_minutes_by_default(self, parse):
        config = read_adaptation_config(parse("--finetune", "a"))
        assert config.minutes == 5.0 and config.samples is None
        assert config.lr == 5e-4 and config.batch == 8
        assert config.warmup_samples < 200

    def test_what_is_given_counts(self, parse):
        words = ["--samples", "40", "--lr", "3e-4", "--batch", "2", "--seed", "7"]
        config = read_adaptation_config(parse("--finetune", "a", *words))
        assert (config.samples, config.minutes) == (40, None)
        assert (config.lr, config.batch, config.seed) == (3e-4, 2, 7)

    def test_training_from_scratch_is_as_before(self, parse):
        config = read_config(parse("--photos", "p", "--samples", "40"))
        assert config.lr == 1e-3 and config.batch == 16


class TestAdaptation:
    def test_pull_and_clips(self, parse):
        args = parse("--on-videos", "films", "--pull", "0.5", "--max-clips", "9")
        assert read_finetune_config(args).adaptation.pull == 0.5
        assert read_harvest_config(args).max_clips == 9

    def test_starts_from_the_shipped_weights_or_those_named(self, parse):
        assert find_start(parse()).name == "lite.safetensors"
        assert find_start(parse("--init", "w.safetensors")) == Path("w.safetensors")

    def test_photos_beside_projects_are_fine(self, parse):
        check_options(parse("--finetune", "a", "b", "--photos", "p=0.5"))
