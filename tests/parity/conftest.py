"""Reference numbers of the released code, and the weights they were made with.

Both come from the shared folder; without it these tests skip.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor


class ParityArrays(Mapping[str, Tensor]):
    """The arrays of `fcot_parity.npz` as tensors, read one by one."""

    def __init__(self, path: Path) -> None:
        self._file = np.load(path)

    def __getitem__(self, name: str) -> Tensor:
        return torch.from_numpy(self._file[name])

    def __iter__(self):
        return iter(self._file.files)

    def __len__(self) -> int:
        return len(self._file.files)


@pytest.fixture(scope="session")
def parity(shared_dir: Path) -> ParityArrays:
    """Outputs of the released code on the recipe weights."""
    path = shared_dir / "parity" / "fcot_parity.npz"
    if not path.is_file():
        pytest.skip("the shared folder has no parity/fcot_parity.npz")
    return ParityArrays(path)


def _load_recipe() -> ModuleType:
    return _load_module(Path(__file__).with_name("weights_recipe.py"))


def _load_module(path: Path) -> ModuleType:
    """Import a file; the test folders are no packages."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def mock_checkpoint() -> ModuleType:
    """Writes files as the released training code does."""
    return _load_module(Path(__file__).parent.parent / "mock_checkpoint.py")


@pytest.fixture(scope="session")
def released_shapes(shared_dir: Path) -> dict[str, tuple[int, ...]]:
    """Shape of every entry of the released network's state dict."""
    path = shared_dir / "reference" / "fcot-checkpoint-keys.tsv"
    if not path.is_file():
        pytest.skip("the shared folder has no reference/fcot-checkpoint-keys.tsv")
    return _load_recipe().read_shapes(path)


@pytest.fixture(scope="session")
def recipe_weights(
    released_shapes: dict[str, tuple[int, ...]],
) -> Callable[[str], dict[str, Tensor]]:
    """Recipe weights below a key prefix, with the prefix cut off."""
    recipe = _load_recipe()

    def make(prefix: str) -> dict[str, Tensor]:
        return {
            key.removeprefix(prefix): recipe.make_tensor(key, shape)
            for key, shape in released_shapes.items()
            if key.startswith(prefix)
        }

    return make


@pytest.fixture(scope="session")
def assert_close_to_rms() -> Callable[[Tensor, Tensor, float], None]:
    """Compare as the reference does: largest difference over RMS of the array."""

    def check(actual: Tensor, expected: Tensor, tolerance: float) -> None:
        assert actual.shape == expected.shape
        rms = expected.square().mean().sqrt()
        worst = float((actual - expected).abs().max() / rms)
        assert worst <= tolerance, f"off by {worst:.2e} of the RMS"

    return check


@pytest.fixture(scope="session")
def imported(recipe_weights, mock_checkpoint, tmp_path_factory):
    """The network with the recipe weights, read from a legacy file."""
    from fcot_engine.released import import_network

    path = tmp_path_factory.mktemp("released") / "fcot.pth"
    mock_checkpoint.save_checkpoint(path, recipe_weights(""), is_zip=False)
    imported = import_network(path)
    path.unlink()  # 160 MB
    return imported


@pytest.fixture(scope="session")
def network(imported):
    return imported.network.requires_grad_(False)


@pytest.fixture(scope="session")
def features(parity, network):
    """Features of the three train frames and the test frame."""
    images = parity["in/images_uint8"].permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        return network.extract(images)


@pytest.fixture(scope="session")
def models(parity, network, features):
    """One regression model for each train frame, `(3, 4, D)`."""
    maps = features.for_regressor
    train = maps._replace(
        decoder=maps.decoder[:3], decoder_coarse=maps.decoder_coarse[:3]
    )
    return network.regression.generate_each(train, parity["in/train_boxes_xywh"])
