"""An EfficientNet-Lite0 trained on ImageNet, as a start for training `base`.

Entries have the names of EfficientNet-PyTorch: `_conv_stem`, `_blocks.<n>`, `_bn0` and
so on. Each batch norm is folded into the convolution before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from fcot_engine.config import NetworkConfig, find_preset
from fcot_engine.errors import WeightsError
from fcot_engine.model import STAGES, EfficientNetFeatures, LiteNet

KIND = "EfficientNet-Lite0"
_MARK = "_conv_stem.weight"
_NORM_EPSILON = 1e-3
_NORM_PARTS = ("weight", "bias", "running_mean", "running_var")
_BLOCK_PARTS = (
    ("expand", "_expand_conv", "_bn0"),
    ("depthwise", "_depthwise_conv", "_bn1"),
    ("project", "_project_conv", "_bn2"),
)
_SHOWN = 8


def is_efficientnet(tensors: Mapping[str, Tensor]) -> bool:
    """Whether these are the entries of an EfficientNet."""
    return _MARK in tensors


def make_start(tensors: Mapping[str, Tensor], *, name: str, seed: int) -> LiteNet:
    """Make a network of the `base` preset whose trunk is the given one.

    Everything else is freshly initialised; it is no tracker yet.

    Args:
        tensors: entries of the file by their names there.
        name: of the file, for messages.
        seed: of the fresh parameters.

    Raises:
        WeightsError: entries are missing or of another shape; all are named together.
    """
    config = find_preset("base").network
    assert isinstance(config, NetworkConfig)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = LiteNet(config)
    assert isinstance(network.backbone, EfficientNetFeatures)
    expected = network.backbone.trunk.state_dict()
    filled: dict[str, Tensor] = {}
    problems: list[str] = []
    for ours, convolution, norm in _list_pairs():
        weight = expected[f"{ours}.conv.weight"]
        problem = _find_problem(tensors, convolution, norm, weight.shape)
        if problem is None:
            folded, bias = _fold(tensors, convolution, norm)
            filled[f"{ours}.conv.weight"], filled[f"{ours}.conv.bias"] = folded, bias
        else:
            problems.append(problem)
    if problems:
        raise WeightsError(
            f"{name} does not fit an {KIND} ({len(problems)} problems): "
            f"{'; '.join(problems[:_SHOWN])}. Name a file of that network."
        )
    network.backbone.trunk.load_state_dict(filled)
    return network.eval()


def _list_pairs() -> Iterator[tuple[str, str, str]]:
    """Our name of each convolution, its name in the file, and that of its norm."""
    yield "stem", "_conv_stem", "_bn0"
    number = 0
    for stage, sizes in enumerate(STAGES):
        for block in range(sizes.blocks):
            for part, convolution, norm in _BLOCK_PARTS:
                if part == "expand" and sizes.expansion == 1:
                    continue
                theirs = f"_blocks.{number}"
                yield (
                    f"stages.{stage}.{block}.{part}",
                    f"{theirs}.{convolution}",
                    f"{theirs}.{norm}",
                )
            number += 1


def _find_problem(
    tensors: Mapping[str, Tensor], convolution: str, norm: str, shape: torch.Size
) -> str | None:
    """What is wrong with a convolution and its norm, or None."""
    wanted = {f"{convolution}.weight": shape}
    wanted |= {f"{norm}.{part}": shape[:1] for part in _NORM_PARTS}
    for entry, size in wanted.items():
        if entry not in tensors:
            return f"missing {entry}"
        if tensors[entry].shape != size:
            return (
                f"{entry} has shape {tuple(tensors[entry].shape)}, "
                f"expected {tuple(size)}"
            )
    return None


def _fold(
    tensors: Mapping[str, Tensor], convolution: str, norm: str
) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution that does what both did, in single precision."""
    weight = tensors[f"{convolution}.weight"].double()
    scale, shift, mean, variance = (
        tensors[f"{norm}.{part}"].double() for part in _NORM_PARTS
    )
    gain = scale / (variance + _NORM_EPSILON).sqrt()
    return (weight * gain[:, None, None, None]).float(), (shift - mean * gain).float()
