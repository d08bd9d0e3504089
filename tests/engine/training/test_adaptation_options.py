from __future__ import annotations

import argparse

import pytest
import torch

from fcot_engine.model import save_network
from fcot_engine.tracker import choose_preset, default_weights
from fcot_engine.training import (
    check_options,
    find_start,
    name_preset,
    read_adaptation_config,
    read_finetune_config,
    read_harvest_config,
)
from fcot_engine.training.command_options import add_arguments, read_config

CPU = torch.device("cpu")


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

    def test_a_pre_trained_trunk_is_held_unless_asked_otherwise(self, parse):
        words = ["--finetune", "a", "--preset"]
        held = read_adaptation_config(parse(*words, "base")).lr_factors
        assert held == (("backbone.trunk", 0.0),)
        factor = ["--lr-factor", "backbone=0.1"]
        given = read_adaptation_config(parse(*words, "base", *factor)).lr_factors
        assert given == (("backbone", 0.1),)
        assert read_adaptation_config(parse(*words, "lite")).lr_factors == ()

    def test_training_from_scratch_is_as_before(self, parse):
        config = read_config(parse("--photos", "p", "--samples", "40"))
        assert config.lr == 1e-3 and config.batch == 16


class TestAdaptation:
    def test_pull_and_clips(self, parse):
        args = parse("--on-videos", "films", "--pull", "0.5", "--max-clips", "9")
        assert read_finetune_config(args).adaptation.pull == 0.5
        assert read_harvest_config(args).max_clips == 9

    def test_starts_from_the_weights_that_the_device_tracks_with(self, parse):
        args = name_preset(parse(), CPU)
        assert args.preset == choose_preset(CPU).preset
        assert find_start(args) == default_weights(args.preset)

    def test_starts_from_the_preset_or_the_file_that_is_named(
        self, parse, make_lite_network, tmp_path
    ):
        asked = name_preset(parse("--preset", "lite"), CPU)
        assert find_start(asked).name == "lite.safetensors"
        path = tmp_path / "w.safetensors"
        save_network(make_lite_network(), path)
        named = name_preset(parse("--init", str(path)), CPU)
        assert named.preset == "lite"
        assert find_start(named) == path

    def test_photos_beside_projects_are_fine(self, parse):
        check_options(parse("--finetune", "a", "b", "--photos", "p=0.5"))
