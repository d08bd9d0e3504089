from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcot_engine.annotation import AnnotationSession
from fcot_engine.cli import main
from fcot_engine.cli._adapt_weights import EXIT_REFUSED, parse_project
from fcot_engine.model import load_network, read_weights_info
from fcot_engine.video import open_frames


def make_project(tmp_path, name):
    """Twenty images with a box drawn in each."""
    folder = tmp_path / name
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(20):
        pixels = rng.integers(0, 90, (60, 80, 3), np.uint8)
        pixels[20:40, 10 + 2 * index : 30 + 2 * index] = 220
        Image.fromarray(pixels).save(folder / f"{index:02d}.png")
    path = tmp_path / f"{name}.fcot"
    source = open_frames(folder)
    session = AnnotationSession.create(source, lambda: None, path, video_path=folder)
    target = session.edit.add_target("Ann")
    for index in range(20):
        session.edit.draw_box(target, index, (10 + 2 * index, 20, 20, 20))
    session.close()
    source.close()
    return path


@pytest.fixture
def finetune(tmp_path, monkeypatch):
    """Fine-tune by one step; trackers do not run, the change is given."""
    changes = []

    def measure(runs, make_tracker, check):
        return np.full(len(runs), 0.5) + (changes.pop() if changes else 0.0)

    monkeypatch.setattr("fcot_engine.training.finetuning.measure_runs", measure)
    projects = {}

    def finetune(*options, change=0.0, names=("film",)):
        for name in names:
            if name not in projects:
                projects[name] = make_project(tmp_path, name)
        changes[:] = [change, 0.0] * 3  # new weights, then old ones, from the end
        words = [
            "--finetune",
            *(projects[name] for name in names),
            "--out",
            tmp_path / "run",
            "--device",
            "cpu",
        ]
        words += ["--samples", 2, "--batch", 2, "--patch-size", 64]
        return main(["train", *(str(word) for word in (*words, *options))])

    return finetune


class TestFinetune:
    def test_weights_that_help_are_written(self, finetune, tmp_path, capsys):
        path = tmp_path / "mine.safetensors"
        assert finetune("--export", path, change=0.1) == 0
        load_network(path)
        info = read_weights_info(path)
        assert info["projects"] == "1" and info["samples"] == "2"
        assert "change +0.100" in info["held_out"]
        told = capsys.readouterr().err
        assert "The new weights helped on other frames of this video:" in told
        assert "about other frames of this video alone" in told

    def test_weights_that_do_not_help_leave_the_old_file(
        self, finetune, tmp_path, capsys
    ):
        path = tmp_path / "mine.safetensors"
        path.write_bytes(b"old")
        assert finetune("--export", path, change=-0.1) == EXIT_REFUSED
        assert path.read_bytes() == b"old"
        told = capsys.readouterr().err
        assert "are worse" in told and "mine.safetensors is not written" in told

    def test_force_writes_them_anyway(self, finetune, tmp_path):
        assert finetune("--force", change=0.0) == 0
        load_network(tmp_path / "run" / "finetuned.safetensors")

    def test_several_projects_are_held_out_in_turn(self, finetune, tmp_path, capsys):
        path = tmp_path / "mine.safetensors"
        assert finetune("--export", path, change=0.1, names=("film", "clip")) == 0
        load_network(path)
        info = read_weights_info(path)
        assert info["projects"] == "2" and info["samples"] == "2"
        assert "helped on videos that were not learned from" in info["held_out"]
        told = capsys.readouterr().err
        assert "Training 1 of 3: without film\n" in told
        assert "Training 3 of 3: on all videos\n" in told

    def test_several_projects_that_do_not_help_are_not_learned_from(
        self, finetune, tmp_path, capsys
    ):
        names = ("film", "clip")
        assert finetune(change=-0.1, names=names) == EXIT_REFUSED
        told = capsys.readouterr().err
        assert "are worse on videos" in told and "Training 3 of 3" not in told
        path = tmp_path / "run" / "finetuned.safetensors"
        assert not path.exists()
        assert finetune(change=-0.1, names=names) == 1  # the folds hold checkpoints
        assert finetune("--resume", "--force", change=-0.1, names=names) == 0
        load_network(path)

    def test_interruption_writes_nothing(self, finetune, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(
            "fcot_engine.training.finetuning.adapt_network_",
            lambda *args, **options: ("interrupted", 2),
        )
        assert finetune("--force", names=("film", "clip")) == 130
        assert "Interrupted: no weights are written" in capsys.readouterr().err
        assert not (tmp_path / "run" / "finetuned.safetensors").exists()

    def test_used_folder_is_not_overwritten(self, finetune, capsys):
        finetune(change=0.1)
        assert finetune(change=0.1) == 1
        assert "Add --resume" in capsys.readouterr().err
        assert finetune("--resume", change=0.1) == 0

    @pytest.mark.parametrize(
        "options",
        [
            pytest.param(("--data", "coco:x"), id="data"),
            pytest.param(("--on-videos", "films"), id="both_kinds"),
            pytest.param(("--contact-sheet", "a.png"), id="contact_sheet"),
            pytest.param(("--compile",), id="compile"),
        ],
    )
    def test_what_it_does_not_do_is_refused(self, finetune, options, capsys):
        assert finetune(*options) == 1
        told = capsys.readouterr().err
        assert "leave out" in told and options[0] in told

    def test_several_processes_are_refused(self, finetune, monkeypatch, capsys):
        monkeypatch.setenv("WORLD_SIZE", "2")
        assert finetune() == 1
        assert "torchrun" in capsys.readouterr().err

    def test_missing_project_is_one_line(self, tmp_path, capsys):
        words = ["--finetune", "none.fcot", "--out", str(tmp_path / "run")]
        assert main(["train", *words, "--samples", "2"]) == 1
        assert "no project none.fcot" in capsys.readouterr().err


class TestParseProject:
    def test_plain(self):
        assert parse_project("a.fcot") == (Path("a.fcot"), None)

    def test_with_video(self):
        expected = Path("a.fcot"), Path("b/c.mp4")
        assert parse_project("a.fcot=b/c.mp4") == expected

    def test_sign_in_the_name(self, tmp_path):
        path = tmp_path / "a=b.fcot"
        path.touch()
        assert parse_project(str(path)) == (path, None)
