"""Small networks of the paper's kind, and files as their authors pack them."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fcot_engine.config import PaperNetworkConfig
from fcot_engine.model import PaperNet
from fcot_engine.released.name_table import DIMP, FCOT

CONTAINERS = [
    pytest.param(False, id="legacy"),
    pytest.param(True, id="zip"),
]


def _small_config():
    paper = PaperNetworkConfig()
    return replace(
        paper,
        depth=18,
        decoder_width=8,
        head_width=4,
        groups=2,
        regression_channels=4,
        coarse=replace(paper.coarse, channels=4),
        fine=replace(paper.fine, channels=4),
    )


@pytest.fixture(scope="session")
def small_config():
    return _small_config()


@pytest.fixture(scope="session")
def mock_checkpoint():
    """The neighbour that writes files as the released training code does."""
    path = Path(__file__).parents[2] / "mock_checkpoint.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def fcot_tensors():
    """A released FCOT network, but small; each number is one of its own."""
    return _released_tensors(FCOT) | {
        "feature_extractor.layer4.0.conv1.weight": torch.rand(2, 3, 1, 1),
        "feature_extractor.fc.bias": torch.rand(5),
        "regressor_72.filter_optimizer.log_step_length": torch.zeros(1),
    }


@pytest.fixture(scope="session")
def dimp_tensors():
    """The same of DiMP: backbone, one classifier, and a box regressor."""
    return _released_tensors(DIMP) | {
        "bb_regressor.conv3_1r.0.weight": torch.rand(2, 2, 3, 3),
        "feature_extractor.fc.weight": torch.rand(5, 2),
    }


def _released_tensors(table):
    generator = torch.Generator().manual_seed(7)
    tensors = {}
    for ours, value in PaperNet(_small_config()).state_dict().items():
        name = table.to_released(ours)
        if name is None:
            continue
        shape = value.shape
        if ".filter_optimizer." in name:
            shape = (1,) if value.ndim == 0 else (1, len(value), 1, 1)
        if not value.is_floating_point():
            tensors[name] = torch.tensor(1000 + len(tensors))
        elif len(shape) > 1 and ".filter_optimizer." not in name:
            spread = (2 / value[0].numel()) ** 0.5  # keeps the power of the maps
            tensors[name] = spread * torch.randn(shape, generator=generator)
        else:
            tensors[name] = torch.rand(shape, generator=generator) + 0.5
    return tensors


@pytest.fixture(params=CONTAINERS)
def is_zip(request):
    return request.param


@pytest.fixture
def save(tmp_path, mock_checkpoint, is_zip):
    """Write a checkpoint in the container of this test."""

    def write(tensors, **options):
        path = tmp_path / "fcot.pth"
        return mock_checkpoint.save_checkpoint(path, tensors, is_zip=is_zip, **options)

    return write


@pytest.fixture
def fcot_file(save, fcot_tensors):
    return save(fcot_tensors)


@pytest.fixture
def one_line():
    """The text of a caught error, which must be one readable line."""

    def read(caught):
        message = str(caught.value)
        assert message.isprintable(), message
        assert len(message) < 2000
        return message

    return read
