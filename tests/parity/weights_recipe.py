"""Weights that anyone can make again: each entry is drawn from its own name.

The reference outputs were recorded with these weights, so no weights file is needed.
All arithmetic is in float32, and the first rule that fits a name is used.
"""

from __future__ import annotations

import csv
import math
import re
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

__all__ = ["make_tensor", "read_shapes"]

Shape = tuple[int, ...]

TOWERS = (
    r"classifier_72\.feature_extractor",
    r"regressor_72\.reg_(head|initializer)_(36|72)",
)
NORM_BIAS = re.compile(rf"(\.bn\d|\.downsample\.1|^({'|'.join(TOWERS)})\.[14])\.bias$")
BIN_WIDTH = np.float32(0.1)


def read_shapes(path: Path) -> dict[str, Shape]:
    """Read names and shapes of all entries from the tab-separated list."""
    with path.open(newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return {row["key"]: _parse_shape(row["shape"]) for row in rows}


def _parse_shape(text: str) -> Shape:
    return () if text == "scalar" else tuple(int(n) for n in text.split("x"))


def make_tensor(key: str, shape: Shape) -> Tensor:
    """Make the entry of this name and shape."""
    if key.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    kept = _constructor_value(key)
    if kept is not None:
        return torch.from_numpy(kept.reshape(shape))
    seed = zlib.crc32(key.encode("utf-8"))
    n = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    value = _scale(key, n)
    if value.ndim == 4 and value.shape[-1] > 1 and not _keeps_kernel_mean(key):
        value = value - value.mean(axis=(2, 3), keepdims=True, dtype=np.float32)
    return torch.from_numpy(np.ascontiguousarray(value, dtype=np.float32))


def _scale(key: str, n: np.ndarray) -> np.ndarray:
    f = np.float32
    if key.endswith("running_mean"):
        return f(0.1) * n
    if key.endswith("running_var"):
        return (f(1) + f(0.1) * n) ** 2
    if key.endswith("conv_offset_mask.weight"):
        return f(0.02) * n
    if key.endswith("conv_offset_mask.bias"):
        return f(0.1) * n
    if key == "regressor_72.reg_initializer_merge.weight":
        a = f(1.63e-5)
        value = a + f(5) * a * n
        value[:512] *= f(4 / 3)  # left and right, so that boxes are wider than high
        return value
    if key == "regressor_72.reg_head_merge.weight":
        return f(1 / 512) + f(4 / 512) * n
    if n.ndim >= 2:
        return f(math.sqrt(2 / math.prod(n.shape[1:]))) * n
    if key.endswith("bn3.weight"):
        return f(0.25) + f(0.025) * n
    if key.endswith(".weight"):
        return f(1) + f(0.1) * n
    return f(0.1) * n if NORM_BIAS.search(key) else f(0.05) * n


def _keeps_kernel_mean(key: str) -> bool:
    return (
        key.startswith("regressor_72")
        or "filter_initializer" in key
        or "conv_offset" in key
    )


def _constructor_value(key: str) -> np.ndarray | None:
    """What the optimisers keep from their constructors, or None for all others."""
    distance = np.arange(100, dtype=np.float32) * BIN_WIDTH
    label = np.exp(-0.5 * (distance / np.float32(0.9)) ** 2)
    is_regressor = key.startswith("regressor_72")
    values = {
        "log_step_length": np.array([0.0 if is_regressor else math.log(0.9)]),
        "filter_reg": np.array([0.1]),
        "label_map_predictor.weight": label - label.min(),
        "target_mask_predictor.0.weight": 3 * np.tanh(2 - distance),
        "spatial_weight_predictor.weight": np.ones(100),
    }
    _, found, name = key.partition(".filter_optimizer.")
    return values[name].astype(np.float32) if found else None
