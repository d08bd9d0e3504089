"""What every test may use: fixed seeds, shared videos, and markers that skip."""

from __future__ import annotations

import os
import random
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import torch

# the same examples each time, and no failure because a machine is busy
hypothesis.settings.register_profile("project", deadline=None, derandomize=True)
hypothesis.settings.load_profile("project")

REPOSITORY = Path(__file__).resolve().parent.parent


def find_shared() -> Path | None:
    """Folder of shared videos: $FCOT_SHARED, or ../shared beside the repository."""
    told = os.environ.get("FCOT_SHARED")
    folder = Path(told) if told else REPOSITORY.parent / "shared"
    return folder.resolve() if folder.is_dir() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run, and say what is missing."""
    wanted = {
        "shared": (
            find_shared() is None,
            "no folder of shared videos: set FCOT_SHARED or put it at ../shared",
        ),
        "gpu": (not torch.cuda.is_available(), "no CUDA device"),
    }
    for item in items:
        for marker, (is_missing, reason) in wanted.items():
            if is_missing and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
    put_slow_files_first(items)


def put_slow_files_first(items: list[pytest.Item]) -> None:
    """So that no worker is left alone with the longest file in the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    """Give each test the same random numbers, whatever ran before it."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - for libraries that use the global state
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def sample_video():
    """The sample video, composed once; nobody may change it."""
    from fcot_engine.sample import make_sample_video

    sample = make_sample_video()
    sample.frames.flags.writeable = False
    return sample


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top folder of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of shared videos; skips the test where there is none."""
    folder = find_shared()
    if folder is None:
        pytest.skip("no folder of shared videos: set FCOT_SHARED")
    return folder
