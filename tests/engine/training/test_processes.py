"""Training in processes of their own: killed ones, and several at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fcot_engine.cli import main
from fcot_engine.errors import TrainingError
from fcot_engine.training import join_processes, read_log

WORKER = Path(__file__).with_name("process_worker.py")
REPOSITORY = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.slow


def run_python(*words):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [sys.executable, *(str(word) for word in words)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )


def run_two_processes(*words):
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    result = run_python(*launcher, *words)
    assert result.returncode == 0, result.stderr[-3000:]
    return result


def assert_same_end(one, two, *, but="nothing"):
    for kind in ("network", "average"):
        for name, value in one[kind].items():
            assert but in name or torch.equal(value, two[kind][name]), (kind, name)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_run_killed_by_the_system_resumes_bit_exactly(tmp_path):
    result = run_python(WORKER, "killed", tmp_path)
    assert result.returncode == 0, result.stderr
    whole = torch.load(tmp_path / "whole.pt")
    assert_same_end(whole, torch.load(tmp_path / "resumed.pt"))


def test_more_processes_than_gpus_are_named(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    with pytest.raises(TrainingError, match="process 2 on a machine with 1 GPUs"):
        join_processes("cuda")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("group")
    run_two_processes(WORKER, "group", folder)
    return folder


class TestTwoProcesses:
    def test_gradient_is_the_mean_over_both(self, folder):
        for rank in range(2):
            report = torch.load(folder / f"report-{rank}.pt")
            assert report["gradient_error"] < 1e-5

    def test_both_end_with_the_same_weights_and_averages(self, folder):
        ends = [torch.load(folder / f"whole-{rank}.pt") for rank in range(2)]
        assert_same_end(*ends, but="running_")  # those of the first are written

    def test_each_step_counts_the_samples_of_both(self, folder):
        report = torch.load(folder / "report-0.pt")
        assert report["samples"] == 4 and report["steps"] == 3

    def test_only_the_first_process_writes(self, folder):
        written = {path.name for path in (folder / "own-0").iterdir()}
        assert written == {"checkpoint.pt", "log.csv"}
        assert not (folder / "own-1").exists()

    def test_resuming_gives_what_an_uninterrupted_run_gives(self, folder):
        whole = torch.load(folder / "whole-0.pt")
        assert_same_end(whole, torch.load(folder / "resumed-0.pt"))


def test_command_goes_on_under_torchrun(tmp_path, photos):
    fixed = ["train", "--photos", photos, "--out", tmp_path / "run", "--device", "cpu"]
    fixed += ["--patch-size", 64, "--batch", 1]
    assert main([str(word) for word in (*fixed, "--samples", 1)]) == 0
    weights = tmp_path / "lite.safetensors"
    words = [*fixed, "--threads", 1, "--samples", 5, "--resume", "--export", weights]
    result = run_two_processes("-m", "fcot_engine.cli", *words)
    assert result.stderr.count("Going on from step 1") == 1
    rows = read_log(tmp_path / "run" / "log.csv")
    assert [(row["step"], row["samples"]) for row in rows] == [(1, 1), (3, 5)]
    assert weights.is_file()
