from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fcot_engine.cli import main
from fcot_engine.model import load_network, read_weights_info
from fcot_engine.training.videos import ClipTrack


@pytest.fixture
def films(tmp_path):
    """A folder of 24 images with a square that moves."""
    folder = tmp_path / "films" / "one"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for index in range(24):
        pixels = rng.integers(0, 90, (60, 80, 3), np.uint8)
        pixels[20:40, 10 + index : 30 + index] = 220
        Image.fromarray(pixels).save(folder / f"{index:02d}.png")
    return folder.parent


@pytest.fixture
def follow(monkeypatch):
    """In place of two runs: the truth, or nothing."""
    asked = []

    def set_answer(agrees):
        def follow_both_ways(source, frames, box, make_tracker, config):
            asked.append(box)
            if not agrees:
                return None
            boxes = np.array([(10.0 + i, 20.0, 20.0, 20.0) for i in frames])
            return ClipTrack(np.array(frames), boxes, np.full(len(frames), 0.8))

        monkeypatch.setattr(
            "fcot_engine.training.self_training.follow_both_ways", follow_both_ways
        )
        return asked

    return set_answer


@pytest.fixture
def train(films, tmp_path):
    def train(*options, force=True):
        words = ["--on-videos", films, "--out", tmp_path / "run", "--device", "cpu"]
        words += ["--force"] if force else []
        words += ["--samples", 2, "--batch", 2, "--patch-size", 64]
        return main(["train", *(str(word) for word in (*words, *options))])

    return train


def test_weights_are_written_with_where_they_come_from(train, follow, tmp_path, capsys):
    asked = follow(True)
    assert train("--export", tmp_path / "w.safetensors") == 0
    load_network(tmp_path / "w.safetensors")
    info = read_weights_info(tmp_path / "w.safetensors")
    assert info["gathered"].startswith(f"{len(asked)} of {len(asked)} tracks kept")
    assert "nothing says whether it helped" in capsys.readouterr().err


def test_second_run_gathers_nothing_again(train, follow):
    asked = follow(True)
    train()
    n_asked = len(asked)
    assert n_asked > 0
    assert train("--resume", "--samples", 4) == 0
    assert len(asked) == n_asked


def test_tracks_that_never_agree_are_nothing_to_learn_from(train, follow, capsys):
    follow(False)
    assert train() == 1
    assert "0 tracks are too few to learn from" in capsys.readouterr().err


def test_a_few_tracks_are_not_learned_from_unless_forced(
    train, follow, tmp_path, capsys
):
    follow(True)
    assert train(force=False) == 1
    assert "expected 20 or more" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.safetensors"))


def test_folder_without_videos_is_one_line(tmp_path, capsys):
    words = ["--on-videos", str(tmp_path), "--out", str(tmp_path / "run")]
    assert main(["train", *words]) == 1
    assert "holds no videos" in capsys.readouterr().err
