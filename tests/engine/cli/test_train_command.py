"""`fcot train`: from photos, on projects (fine-tuning), and on videos without boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcot_engine.annotation import AnnotationSession
from fcot_engine.cli import main
from fcot_engine.cli._adapt_weights import EXIT_REFUSED, parse_project
from fcot_engine.model import load_network, read_weights_info
from fcot_engine.training.videos import ClipTrack
from fcot_engine.video import open_frames


def write_film(folder, *, n_frames, step):
    """Images with a square that moves some pixels a frame."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for index in range(n_frames):
        pixels = rng.integers(0, 90, (60, 80, 3), np.uint8)
        left = 10 + step * index
        pixels[20:40, left : left + 20] = 220
        Image.fromarray(pixels).save(folder / f"{index:02d}.png")
    return folder


class TestTrain:
    def test_options_come_from_training(self, capsys):
        with pytest.raises(SystemExit) as caught:
            main(["train", "--help"])
        assert caught.value.code == 0
        assert "--photos" in capsys.readouterr().out

    def test_missing_photos_are_one_line(self, tmp_path, refused):
        words = ["--photos", tmp_path / "none", "--out", tmp_path / "run"]
        refused("train", *words, "--samples", "1")


def make_project(tmp_path, name):
    """Twenty images with a box drawn in each."""
    folder = write_film(tmp_path / name, n_frames=20, step=2)
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

    def test_missing_project_is_one_line(self, tmp_path, refused):
        words = ["--finetune", "none.fcot", "--out", tmp_path / "run", "--samples", "2"]
        assert "no project none.fcot" in refused("train", *words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a.fcot", ("a.fcot", None), id="plain"),
        pytest.param("a.fcot=b/c.mp4", ("a.fcot", "b/c.mp4"), id="with_video"),
        pytest.param("a=b.fcot", ("a=b.fcot", None), id="sign_in_the_name"),
    ],
)
def test_project_and_video_are_told_apart(tmp_path, monkeypatch, text, expected):
    monkeypatch.chdir(tmp_path)
    Path("a=b.fcot").touch()
    assert parse_project(text) == tuple(part and Path(part) for part in expected)


@pytest.fixture
def films(tmp_path):
    """A folder of 24 images with a square that moves."""
    return write_film(tmp_path / "films" / "one", n_frames=24, step=1).parent


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


class TestSelfTraining:
    def test_weights_are_written_with_where_they_come_from(
        self, train, follow, tmp_path, capsys
    ):
        asked = follow(True)
        assert train("--export", tmp_path / "w.safetensors") == 0
        load_network(tmp_path / "w.safetensors")
        info = read_weights_info(tmp_path / "w.safetensors")
        assert info["gathered"].startswith(f"{len(asked)} of {len(asked)} tracks kept")
        assert "nothing says whether it helped" in capsys.readouterr().err

    def test_second_run_gathers_nothing_again(self, train, follow):
        asked = follow(True)
        train()
        n_asked = len(asked)
        assert n_asked > 0
        assert train("--resume", "--samples", 4) == 0
        assert len(asked) == n_asked

    def test_tracks_that_never_agree_are_nothing_to_learn_from(
        self, train, follow, capsys
    ):
        follow(False)
        assert train() == 1
        assert "0 tracks are too few to learn from" in capsys.readouterr().err

    def test_a_few_tracks_are_not_learned_from_unless_forced(
        self, train, follow, tmp_path, capsys
    ):
        follow(True)
        assert train(force=False) == 1
        assert "expected 20 or more" in capsys.readouterr().err
        assert not list(tmp_path.rglob("*.safetensors"))

    def test_folder_without_videos_is_one_line(self, tmp_path, refused):
        words = ["--on-videos", tmp_path, "--out", tmp_path / "run"]
        assert "holds no videos" in refused("train", *words)
