from __future__ import annotations

import pytest
import torch

from fcot_engine.errors import ConfigError
from fcot_engine.tracker import choose_device, name_device


class TestChooseDevice:
    def test_auto_is_a_device_that_computes(self):
        device = choose_device("auto")
        assert float((torch.ones(2, device=device) + 1).sum()) == 4

    def test_cpu_is_always_there(self):
        assert choose_device("cpu") == torch.device("cpu")

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
