from __future__ import annotations

import argparse
import functools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcot_engine.errors import ConfigError, TrainingError
from fcot_engine.model import load_network, read_weights_info
from fcot_engine.training.command import add_arguments, run
from fcot_engine.training.run_log import read_log


@pytest.fixture
def train_on(tmp_path):
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    def train_on(*options):
        fixed = ["--out", tmp_path / "run", "--device", "cpu"]
        fixed += ["--patch-size", 96, "--batch", 2]
        return run(parser.parse_args([str(o) for o in (*fixed, *options)]), print)

    return train_on


@pytest.fixture
def train(train_on, photos):
    return functools.partial(train_on, "--photos", photos)


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


def write_trackingnet(root, n=24):
    frames = root / "TRAIN_0" / "frames" / "a_0"
    frames.mkdir(parents=True)
    for index in range(n):
        pixels = np.zeros((90, 120, 3), np.uint8)
        pixels[30:60, 20 + index : 60 + index] = (200, 120, 10)
        Image.fromarray(pixels).save(frames / f"{index}.jpg")
    anno = root / "TRAIN_0" / "anno"
    anno.mkdir()
    lines = [f"{20 + index},30,40,30" for index in range(n)]
    (anno / "a_0.txt").write_text("\n".join(lines))
    return root


def test_photos_and_videos_are_mixed(train, tmp_path, capsys):
    videos = write_trackingnet(tmp_path / "tn")
    data = ["--data", f"trackingnet:{videos}=0.5"]
    assert train("--samples", 4, *data) == 0
    assert "3 photos, 1 videos of trackingnet" in capsys.readouterr().out


def test_videos_alone_are_enough(train_on, tmp_path):
    videos = write_trackingnet(tmp_path / "tn")
    assert train_on("--samples", 2, "--data", f"trackingnet:{videos}") == 0


def test_no_data_is_an_error(train_on):
    with pytest.raises(ConfigError, match="give --photos FOLDER"):
        train_on("--samples", 2)


def test_tensorboard_log_lies_in_the_run_folder(train, tmp_path):
    train("--samples", 4, "--tensorboard")
    assert list((tmp_path / "run" / "tensorboard").glob("events.*"))


def test_step_schedule_and_module_rates(train):
    words = ["--schedule", "step", "--lr-factor", "backbone=0.1"]
    assert train("--samples", 4, *words) == 0


@pytest.mark.parametrize("text", ["backbone", "backbone=slow"])
def test_wrong_module_rate_is_named(train, text):
    with pytest.raises(ConfigError, match="must be NAME=FACTOR"):
        train("--samples", 4, "--lr-factor", text)


@pytest.mark.slow
def test_paper_preset_takes_a_step(train, tmp_path):
    words = ["--preset", "paper", "--batch", 1, "--samples", 1]
    words += ["--train-frames", 1, "--test-frames", 1]
    assert train(*words) == 0
    row = read_log(tmp_path / "run" / "log.csv")[-1]
    assert np.isfinite(row["total"]) and row["grad_norm"] > 0


def test_channels_last_trains_and_exports(train, tmp_path):
    weights = tmp_path / "w.safetensors"
    assert train("--samples", 2, "--channels-last", "--export", weights) == 0
    load_network(weights)


def test_compiled_network_is_the_one_that_trains(train, tmp_path, monkeypatch):
    calls = []

    def compile_nothing(function):
        def counted(images):
            calls.append(1)
            return function(images)

        return counted

    monkeypatch.setattr("torch.compile", compile_nothing)
    assert train("--samples", 4, "--compile", "--export", tmp_path / "w.sft") == 0
    assert len(calls) == 2
    load_network(tmp_path / "w.sft")


@pytest.mark.slow
def test_machine_without_the_other_packages_can_train(photos, tmp_path):
    """A leg runs where there is torch, numpy, safetensors and Pillow alone."""
    script = (
        "import sys\n"
        "for name in ('rich', 'av', 'skimage', 'tifffile', 'napari', 'matplotlib'):\n"
        "    sys.modules[name] = None\n"
        "from fcot_engine.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = ["train", "--photos", photos, "--out", tmp_path / "run", "--samples", 1]
    words += ["--patch-size", 64, "--batch", 1, "--device", "cpu", "--threads", 1]
    result = subprocess.run(
        [sys.executable, "-c", script, *(str(word) for word in words)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert "Ended by samples at step 1" in result.stderr


def test_patches_grow_in_the_course_of_a_run(train, tmp_path):
    sizes = "64:0.5,96:0.5"
    assert train("--samples", 4, "--patch-sizes", sizes) == 0
    more = "--samples", 8, "--patch-sizes", sizes, "--resume"
    assert train(*more) == 0
    row = read_log(tmp_path / "run" / "log.csv")[-1]
    assert row["samples"] == 8


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        pytest.param("160", "must be sizes with shares", id="no_share"),
        pytest.param("64:0.5,96:0.4", "must sum to 1, got 0.9", id="sum"),
        pytest.param("65:1", "multiple of 16", id="size"),
    ],
)
def test_wrong_patch_sizes_are_named(train, sizes, message):
    with pytest.raises(ConfigError, match=message):
        train("--samples", 4, "--patch-sizes", sizes)


def test_patch_sizes_need_a_number_of_samples(train):
    with pytest.raises(ConfigError, match="give samples too"):
        train("--minutes", 1, "--patch-sizes", "64:0.5,96:0.5")


def test_teacher_is_logged_beside_the_other_losses(train, tmp_path):
    teacher = tmp_path / "teacher.safetensors"
    train("--samples", 2, "--export", teacher, "--out", tmp_path / "first")
    taught = "--distill-from", teacher, "--distill-weight", 20
    assert train("--samples", 2, *taught) == 0
    row = read_log(tmp_path / "run" / "log.csv")[-1]
    assert row["distilled"] >= 0


def test_resumed_run_that_is_over_exports_without_a_step(train, tmp_path, capsys):
    train("--samples", 4)
    weights = tmp_path / "w.safetensors"
    train("--samples", 1, "--resume", "--export", weights)
    assert "Ended by samples at step 2" in capsys.readouterr().out
    assert read_weights_info(weights)["samples"] == "4"


@pytest.mark.slow
def test_base_starts_from_lite_and_is_exported_as_base(train, tmp_path, capsys):
    lite, base = tmp_path / "lite.safetensors", tmp_path / "base.safetensors"
    train("--samples", 2, "--export", lite, "--out", tmp_path / "first")
    train("--samples", 2, "--preset", "base", "--init", lite, "--export", base)
    assert "of lite.safetensors, others new" in capsys.readouterr().out
    assert read_weights_info(base)["preset"] == "base"
    load_network(base)
