"""Following several targets through one frame, in as few passes as possible."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fcot_engine.config import TrackerConfig
from fcot_engine.geometry import PatchFrame
from fcot_engine.model import FcotNet, Features
from fcot_engine.online import reduce_resolution
from fcot_engine.ops import cut_patch
from fcot_engine.tracker.device import patches_per_pass
from fcot_engine.tracker.target import Following, Sighting, Target

__all__ = ["follow_targets"]


def follow_targets(
    targets: Sequence[Target], image: Tensor, *, network: FcotNet, config: TrackerConfig
) -> list[Sighting]:
    """Find some targets in the next frame.

    The patches that they ask for go through the network together, round by round; most
    frames need one round. No target knows of the others. (On a CPU they go through one
    by one, which is faster there.)

    Args:
        targets: each keeps its own filters and state.
        image: `(3, H, W)` RGB, values 0 to 255, on the network's device.
        network: makes the features.
        config: settings of the tracker.

    Returns:
        What was seen of each target, in the same order.
    """
    image_wh = image.shape[2], image.shape[1]
    seen: dict[int, Sighting] = {}
    following = {place: t.follow(image_wh) for place, t in enumerate(targets)}
    asked = {place: next(steps) for place, steps in following.items()}
    while asked:
        patches = [patch for wanted in asked.values() for patch in wanted]
        features = iter(_extract(image, patches, network, config))
        answers = {
            place: [next(features) for _ in wanted] for place, wanted in asked.items()
        }
        asked = {}
        for place, answer in answers.items():
            step = _advance(following[place], answer)
            if isinstance(step, Sighting):
                seen[place] = step
            else:
                asked[place] = step
    return [seen[place] for place in range(len(targets))]


def _advance(steps: Following, answer: list[Features]) -> list[PatchFrame] | Sighting:
    try:
        return steps.send(answer)
    except StopIteration as end:
        sighting: Sighting = end.value
        return sighting


def _extract(
    image: Tensor, patches: list[PatchFrame], network: FcotNet, config: TrackerConfig
) -> list[Features]:
    """Features of each patch, `(1, C, h, w)` each."""
    features: list[Features] = []
    size = patches_per_pass(image.device)
    for start in range(0, len(patches), size):
        part = patches[start : start + size]
        cut = torch.cat([cut_patch(image, patch) for patch in part]) / 255
        maps = reduce_resolution(network.extract(cut), config.ablation)
        features += maps.split()
    return features
