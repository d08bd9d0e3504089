from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcot_engine.cli import main
from fcot_engine.model import load_network, read_weights_info
from fcot_engine.training import DataPart, read_log


@pytest.fixture
def train_on(tmp_path):
    def train_on(*options):
        fixed = ["--out", tmp_path / "run", "--device", "cpu"]
        fixed += ["--patch-size", 64, "--batch", 2]
        return main(["train", *(str(o) for o in (*fixed, *options))])

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


@pytest.fixture
def refuse(train, capsys):
    """Train, and return the one line that says why not."""

    def refuse(*options):
        capsys.readouterr()
        assert train(*options) == 1
        told = capsys.readouterr().err.splitlines()
        return told[-1]

    return refuse


def test_used_folder_is_not_overwritten(train, refuse):
    train("--samples", 2)
    assert "Add --resume" in refuse("--samples", 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param((), "Training needs an end: give --samples", id="no_end"),
        pytest.param(
            ("--samples", 2, "--device", "abacus"),
            "Device 'abacus' cannot be used",
            id="device",
        ),
        pytest.param(
            ("--samples", 2, "--data", "coco:"), "--data must be KIND", id="no_folder"
        ),
        pytest.param(
            ("--samples", 2, "--data", "nfs:x"),
            "got10k, lasot, trackingnet, coco",
            id="kind",
        ),
        pytest.param(
            ("--samples", 2, "--photos", "x=0"), "number above 0, got '0'", id="weight"
        ),
        pytest.param(
            ("--samples", 4, "--lr-factor", "backbone"), "NAME=FACTOR", id="no_factor"
        ),
        pytest.param(
            ("--samples", 4, "--lr-factor", "backbone=x"), "NAME=FACTOR", id="factor"
        ),
        pytest.param(
            ("--samples", 4, "--patch-sizes", "160"),
            "must be sizes with shares",
            id="no_share",
        ),
        pytest.param(
            ("--samples", 4, "--patch-sizes", "64:0.5,96:0.4"),
            "must sum to 1, got 0.9",
            id="sum",
        ),
        pytest.param(
            ("--samples", 4, "--patch-sizes", "65:1"), "multiple of 16", id="side"
        ),
    ],
)
def test_wrong_options_are_named_in_one_line(refuse, options, message):
    assert message in refuse(*options)


def test_no_data_is_an_error(train_on, capsys):
    assert train_on("--samples", 2) == 1
    assert "give --photos FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "folder", "weight"),
    [
        pytest.param("photos", "photos", 1.0, id="no_weight"),
        pytest.param("photos=2", "photos", 2.0, id="weight"),
        pytest.param("a=b/photos", "a=b/photos", 1.0, id="equals_in_the_name"),
        pytest.param("a=b/photos=0.5", "a=b/photos", 0.5, id="both"),
    ],
)
def test_folder_and_weight_of_data(text, folder, weight):
    found = DataPart.parse_photos(text)
    assert (found.kind, found.folder, found.weight) == ("photos", Path(folder), weight)
    found = DataPart.parse_videos(f"coco:{text}")
    assert (found.kind, found.folder, found.weight) == ("coco", Path(folder), weight)


def test_contact_sheet_needs_no_end(train, tmp_path):
    sheet = tmp_path / "sheet.png"
    assert train("--contact-sheet", sheet) == 0
    assert sheet.is_file()
    assert not (tmp_path / "run").exists()


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
    assert "3 photos, 1 videos of trackingnet" in capsys.readouterr().err


def test_tensorboard_log_lies_in_the_run_folder(train, tmp_path):
    train("--samples", 4, "--tensorboard")
    assert list((tmp_path / "run" / "tensorboard").glob("events.*"))


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
    assert "Ended by samples at step 2" in capsys.readouterr().err
    assert read_weights_info(weights)["samples"] == "4"


@pytest.mark.slow
def test_base_starts_from_lite_and_is_exported_as_base(train, tmp_path, capsys):
    lite, base = tmp_path / "lite.safetensors", tmp_path / "base.safetensors"
    train("--samples", 2, "--export", lite, "--out", tmp_path / "first")
    train("--samples", 2, "--preset", "base", "--init", lite, "--export", base)
    assert "of lite.safetensors, others new" in capsys.readouterr().err
    assert read_weights_info(base)["preset"] == "base"
    load_network(base)
