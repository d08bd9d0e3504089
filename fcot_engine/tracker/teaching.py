"""Teaching both branches with a box that a person drew (section III-C)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Generator, Tensor

from fcot_engine.config import TrackerConfig
from fcot_engine.geometry import BoxXywh, PatchFrame
from fcot_engine.model import BoxFeatures, ClassFeatures, FcotNet
from fcot_engine.online import (
    GivenPatches,
    OnlineClassifier,
    RegressionModelGenerator,
    RejectedSamples,
    make_box_patches,
    make_class_patches,
    make_rejected_patches,
    reduce_resolution,
)
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
    not_boxes: Sequence[BoxXywh] = (),
) -> None:
    """Make the given samples of a human box and let both branches learn from them.

    Args:
        image: `(3, H, W)` RGB, values 0 to 255, on the network's device.
        box_xywh: in image pixels.
        patch: the search patch around the box.
        network: makes the features.
        config: settings of the augmentation, and whether the regressor learns from a
            box that is not its first one.
        generator: CPU generator of the random shifts.
        classifier: learns from the classification samples.
        regressor: learns from the rectifier's samples.
        not_boxes: places in the image that are not the target, in image pixels: hard
            negatives of the classifiers.
    """
    augmentation = config.augmentation
    given = make_class_patches(
        image, box_xywh, patch, augmentation, generator=generator
    )
    rejected = None
    if not_boxes:
        others = make_rejected_patches(image, box_xywh, not_boxes, patch)
        maps = _class_features(network, config, others)
        rejected = RejectedSamples(maps, others.boxes_xywh)
    maps = _class_features(network, config, given)
    classifier.learn_given(maps, given.boxes_xywh, rejected)
    if regressor.n_given and not config.regression.learn_corrections:
        return
    if not augmentation.share_samples:
        given = make_box_patches(
            image,
            box_xywh,
            patch,
            augmentation,
            generator=generator,
            is_correction=regressor.n_given > 0,
        )
    regressor.learn_given_parts(_box_features(network, config, given))


def _split(given: GivenPatches) -> Iterator[tuple[Tensor, Tensor]]:
    """Patches and boxes, as many as go through the network at once."""
    size = patches_per_pass(given.patches.device)
    return zip(given.patches.split(size), given.boxes_xywh.split(size), strict=True)


def _class_features(
    network: FcotNet, config: TrackerConfig, given: GivenPatches
) -> ClassFeatures:
    """In half precision, as the memory keeps them."""
    parts = []
    for patches, _ in _split(given):
        maps = network.classify(network.encode(patches))
        maps = reduce_resolution(maps, config.ablation)
        parts.append(ClassFeatures(maps.coarse.half(), maps.fine.half()))
    return ClassFeatures.join(parts)


def _box_features(
    network: FcotNet, config: TrackerConfig, given: GivenPatches
) -> Iterator[tuple[BoxFeatures, Tensor]]:
    for patches, boxes in _split(given):
        maps = network.regress(network.encode(patches))
        yield reduce_resolution(maps, config.ablation), boxes
