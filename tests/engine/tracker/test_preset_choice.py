from __future__ import annotations

import logging

import pytest
import torch

from fcot_engine.model import read_contents, save_network
from fcot_engine.tracker import (
    DeviceSpeed,
    Tracker,
    WeightsScores,
    choose_preset,
    presets,
    resolve_preset,
    scores_path,
    write_scores,
)

CUDA = torch.device("cuda")


@pytest.fixture(autouse=True)
def only_these(monkeypatch, tmp_path):
    """No weights but those that a test installs."""
    monkeypatch.setenv("FCOT_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(
        "fcot_engine.tracker.weights.package_folder",
        lambda: tmp_path / "package",
    )
    presets._tell_once.cache_clear()


@pytest.fixture
def install(lite_network, tmp_path):
    def install(preset, *, auc=None, fps=None, frames=2000, kind="cuda"):
        path = tmp_path / f"{preset}.safetensors"
        save_network(lite_network, path)
        speeds = () if fps is None else (
            DeviceSpeed(kind=kind, name="some", frames_per_s=fps),
        )  # fmt: skip
        if auc is not None:
            scores = WeightsScores(
                tensors_sha256=read_contents(path).sha256,
                auc=auc,
                sequences=21,
                frames=frames,
                date="2026-11-22",
                speeds=speeds,
            )
            write_scores(path, scores)
        return path

    return install


class TestChoosePreset:
    @pytest.mark.parametrize("kind", ["cpu", "mps"])
    @pytest.mark.parametrize(
        ("fps", "expected"),
        [
            pytest.param(None, "lite", id="unknown_speed"),
            pytest.param(9.5, "lite", id="slow"),
            pytest.param(12.0, "base", id="fast_enough"),
        ],
    )
    def test_other_devices_get_the_best_that_is_known_to_keep_up(
        self, install, kind, fps, expected
    ):
        install("lite", auc=0.5, fps=20, kind="cpu")
        install("base", auc=0.9, fps=fps, kind="cpu")
        assert choose_preset(torch.device(kind)).preset == expected

    def test_lite_is_what_is_left_where_nothing_keeps_up(self, install):
        install("lite", auc=0.5, fps=3, kind="cpu")
        install("base", auc=0.9, fps=2, kind="cpu")
        assert choose_preset(torch.device("cpu")).preset == "lite"

    def test_cuda_gets_the_best_that_is_there(self, install):
        install("lite", auc=0.62)
        install("base", auc=0.70, fps=150)
        install("paper", auc=0.66)
        choice = choose_preset(CUDA)
        assert choice.preset == "base" and "AUC 0.700" in choice.reason

    def test_larger_ones_that_score_less_are_passed_over(self, install):
        install("lite", auc=0.62)
        install("base", auc=0.58)
        assert choose_preset(CUDA).preset == "lite"

    def test_slow_ones_are_passed_over(self, install):
        install("base", auc=0.70, fps=80)
        install("paper", auc=0.75, fps=59)
        assert choose_preset(CUDA).preset == "base"

    def test_slow_ones_alone_leave_lite(self, install):
        install("paper", auc=0.75, fps=59)
        assert choose_preset(CUDA).preset == "lite"

    def test_figures_of_fewer_frames_are_not_compared(self, install):
        install("lite", auc=0.62)
        install("base", auc=0.75, frames=50)
        install("paper", auc=0.64)
        assert choose_preset(CUDA).preset == "paper"

    def test_unknown_scores_do_not_win(self, install):
        install("lite", auc=0.62)
        install("base")
        assert choose_preset(CUDA).preset == "lite"

    def test_damaged_figures_are_logged_and_passed_over(self, install, caplog):
        install("lite", auc=0.62)
        scores_path(install("base")).write_text("broken")
        assert choose_preset(CUDA).preset == "lite"
        assert "holds no figures" in caplog.text

    def test_nothing_but_lite(self, install):
        install("lite", auc=0.62)
        assert "no weights of a larger preset" in choose_preset(CUDA).reason


class TestResolvePreset:
    def test_a_name_is_left_as_it_is(self):
        assert resolve_preset("paper", CUDA) == "paper"

    def test_lite_on_cuda_is_logged_once(self, install, caplog):
        install("lite", auc=0.62)
        with caplog.at_level(logging.WARNING):
            assert [resolve_preset("auto", CUDA) for _ in range(3)] == ["lite"] * 3
        (line,) = caplog.messages
        assert "no weights of a larger preset" in line and "fcot weights" in line

    def test_lite_that_scores_best_is_no_news(self, install, caplog):
        install("lite", auc=0.62)
        install("base", auc=0.60)
        assert resolve_preset("auto", CUDA) == "lite"
        assert not caplog.messages

    def test_larger_weights_without_figures_are(self, install, caplog):
        install("lite", auc=0.62)
        install("base")
        assert resolve_preset("auto", CUDA) == "lite"
        assert "installed and measured" in caplog.text

    def test_on_a_cpu_nothing_is_logged(self, caplog):
        with caplog.at_level(logging.INFO):
            assert resolve_preset("auto", torch.device("cpu")) == "lite"
        assert not caplog.messages

    def test_chosen_weights_say_which_preset_they_are_of(self, install):
        path = install("base")  # by its name; a network of the lite kind
        assert resolve_preset("auto", CUDA, weights=path) == "lite"


def test_tracker_is_made_from_the_preset_of_the_device(install):
    install("lite")
    tracker = Tracker.from_preset("auto", device="cpu")
    assert tracker.config.calibration.is_fitted  # the settings of lite
