"""Teaching both branches with a box that a person drew (section III-C)."""

from __future__ import annotations

from torch import Generator, Tensor

from fcot_engine.config.tracking import TrackerConfig
from fcot_engine.geometry.boxes import BoxXywh
from fcot_engine.geometry.patch_frame import PatchFrame
from fcot_engine.model.network import BoxFeatures, ClassFeatures, FcotNet
from fcot_engine.online.feature_resolution import reduce_resolution
from fcot_engine.online.given_samples import (
    GivenPatches,
    make_box_patches,
    make_class_patches,
)
from fcot_engine.online.online_classifier import OnlineClassifier
from fcot_engine.online.regression_generator import RegressionModelGenerator
from fcot_engine.tracker.device import patches_per_pass

__all__ = ["teach"]


def teach(
    image: Tensor,
    box_xywh: BoxXywh,
    patch: PatchFrame,
    *,
    network: FcotNet,
    config: TrackerConfig,
    generator: Generator,
    classifier: OnlineClassifier,
    regressor: RegressionModelGenerator,
) -> None:
    """Make the given samples of a human box and let both branches learn from them.

    Args:
        image: `(3, H, W)` RGB, values 0 to 255, on the network's device.
        box_xywh: in image pixels.
        patch: the search patch around the box.
        network: makes the features.
        config: settings of the augmentation.
        generator: CPU generator of the random shifts.
        classifier: learns from the classification samples.
        regressor: learns from the rectifier's samples.
    """
    augmentation = config.augmentation
    given = make_class_patches(
        image, box_xywh, patch, augmentation, generator=generator
    )
    classifier.learn_given(_class_features(network, config, given), given.boxes_xywh)
    if not augmentation.share_samples:
        given = make_box_patches(
            image, box_xywh, patch, augmentation, generator=generator
        )
    regressor.learn_given(_box_features(network, config, given), given.boxes_xywh)


def _class_features(
    network: FcotNet, config: TrackerConfig, given: GivenPatches
) -> ClassFeatures:
    """In half precision, as the memory keeps them."""
    parts = []
    for patches in given.patches.split(patches_per_pass(given.patches.device)):
        maps = network.classify(network.encode(patches))
        maps = reduce_resolution(maps, config.ablation)
        parts.append(ClassFeatures(maps.coarse.half(), maps.fine.half()))
    return ClassFeatures.join(parts)


def _box_features(
    network: FcotNet, config: TrackerConfig, given: GivenPatches
) -> BoxFeatures:
    parts = []
    for patches in given.patches.split(patches_per_pass(given.patches.device)):
        maps = network.regress(network.encode(patches))
        parts.append(reduce_resolution(maps, config.ablation))
    return BoxFeatures.join(parts)
