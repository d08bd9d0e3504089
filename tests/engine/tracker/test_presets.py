from __future__ import annotations

import logging
from dataclasses import replace

import pytest
import torch

from fcot_engine.config import find_preset
from fcot_engine.errors import ConfigError
from fcot_engine.model import build_network, read_contents, save_network
from fcot_engine.tracker import (
    DeviceSpeed,
    Tracker,
    Verdict,
    WeightsScores,
    choose_device,
    choose_preset,
    name_device,
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


class TestChooseDevice:
    def test_auto_is_a_device_that_computes(self):
        device = choose_device("auto")
        assert float((torch.ones(2, device=device) + 1).sum()) == 4

    @pytest.mark.parametrize("wish", ["toaster", "", "cpu:x", "cuda:-1"])
    def test_wish_that_cannot_be_read_is_repeated(self, wish):
        with pytest.raises(ConfigError, match=f"(must be auto|no device).*{wish!r}"):
            choose_device(wish)

    @pytest.mark.parametrize("wish", ["cuda:99", "meta", "xpu"])
    def test_device_that_is_not_there_is_named(self, wish):
        with pytest.raises(ConfigError, match=f"no device '{wish}' on this machine"):
            choose_device(wish)

    def test_auto_prefers_an_accelerator(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
        assert choose_device().type == "mps"
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        assert choose_device().type == "cuda"


class TestNameDevice:
    @pytest.mark.parametrize(
        ("threads", "name"), [(1, "CPU (1 thread)"), (4, "CPU (4 threads)")]
    )
    def test_cpu_with_its_threads(self, monkeypatch, threads, name):
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
        assert name_device(torch.device("cpu")) == name

    def test_accelerators(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA X")
        assert name_device(torch.device("cuda")) == "CUDA: NVIDIA X"
        assert name_device(torch.device("mps")).startswith("MPS")


BOX = (90.0, 60.0, 40.0, 40.0)


@pytest.fixture
def tracker(quick_config, lite_network):
    torch.manual_seed(0)
    network = build_network(find_preset("base").network)
    fixed = lite_network.backbone.fixed  # normalised, as training begins with it
    network.backbone.fixed.load_state_dict(fixed.state_dict())
    config = replace(
        quick_config,
        search=replace(quick_config.search, patch_size=128, area_scale=2.0),
        augmentation=replace(
            quick_config.augmentation,
            box_patch_size=96,
            box_samples=6,
            correction_box_samples=3,
        ),
    )
    return Tracker(network, config, device="cpu")


def overlap(a, b):
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def test_untrained_it_follows_by_its_fixed_features_and_learns(tracker, paint):
    tracker.init(paint(BOX), BOX)
    moved = (94.0, 63.0, 40.0, 40.0)
    found = tracker.track(paint(moved))
    assert found.verdict is not Verdict.LOST
    assert overlap(found.box_xywh, moved) > 0.6
    tracker.correct(paint(moved), moved)
    further = (98.0, 66.0, 40.0, 40.0)
    assert overlap(tracker.track(paint(further)).box_xywh, further) > 0.6
