from __future__ import annotations

import argparse

import pytest
from PIL import Image

from fcot_engine.errors import ConfigError, TrainingError
from fcot_engine.model.weights import load_network, read_weights_info
from fcot_engine.training.command import add_arguments, run
from fcot_engine.training.run_log import read_log


@pytest.fixture
def photos(tmp_path, textured_pool):
    folder = tmp_path / "photos"
    folder.mkdir()
    for index, photo in enumerate(textured_pool.levels[0][:3]):
        image = Image.fromarray(photo.permute(1, 2, 0).contiguous().numpy())
        image.save(folder / f"{index}.png")
    return folder


@pytest.fixture
def train(photos, tmp_path):
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    def train(*options):
        fixed = ["--photos", photos, "--out", tmp_path / "run", "--device", "cpu"]
        fixed += ["--patch-size", 96, "--batch", 2]
        return run(parser.parse_args([str(o) for o in (*fixed, *options)]))

    return train


def test_run_exports_weights_that_load(train, tmp_path):
    weights = tmp_path / "lite.safetensors"
    assert train("--samples", 4, "--export", weights) == 0
    assert read_weights_info(weights)["samples"] == "4"
    load_network(weights)
    row = read_log(tmp_path / "run" / "log.csv")[-1]
    assert row["step"] == 2
    assert {"total", "spread_coarse", "spread_fine", "samples_per_s"} <= row.keys()


def test_resume_goes_on(train, tmp_path):
    train("--samples", 2)
    train("--samples", 6, "--resume")
    steps = [row["step"] for row in read_log(tmp_path / "run" / "log.csv")]
    assert steps == [1, 3]


def test_fixed_features_are_normalised_before_the_first_step(train, tmp_path):
    weights = tmp_path / "w.safetensors"
    train("--samples", 2, "--resume", "--export", weights)
    fixed = load_network(weights).backbone.fixed
    assert (fixed.std < 0.9).all() and (fixed.mean != 0).any()


def test_stage_two_starts_from_weights(train, tmp_path):
    weights = tmp_path / "one.safetensors"
    train("--samples", 2, "--export", weights)
    out = tmp_path / "second"
    assert train("--samples", 2, "--stage", "two", "--init", weights, "--out", out) == 0


def test_used_folder_is_not_overwritten(train):
    train("--samples", 2)
    with pytest.raises(TrainingError, match="Add --resume"):
        train("--samples", 2)


def test_contact_sheet_needs_no_end(train, tmp_path):
    sheet = tmp_path / "sheet.png"
    assert train("--contact-sheet", sheet) == 0
    assert sheet.is_file()
    assert not (tmp_path / "run").exists()


def test_no_end_is_an_error(train):
    with pytest.raises(ConfigError, match="Training needs an end"):
        train()


def test_unknown_device_is_named(train):
    with pytest.raises(ConfigError, match="Device 'abacus' cannot be used"):
        train("--samples", 2, "--device", "abacus")
