"""What every network has: features for both branches, and the models of both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Literal

from torch import Tensor, nn

from fcot_engine.config import NetworkConfig, PaperNetworkConfig
from fcot_engine.model.classifier import ClassificationModel
from fcot_engine.model.features import BoxFeatures, ClassFeatures, Features
from fcot_engine.model.regression import RegressionBranch

__all__ = ["BoxFeatures", "ClassFeatures", "FcotNet", "Features"]


class FcotNet(nn.Module, ABC):
    """The network knows patches, not videos; nothing online is kept in it."""

    config: NetworkConfig | PaperNetworkConfig
    """Its sizes, from which it can be built again."""
    coarse: ClassificationModel
    """Classification at stride 16."""
    fine: ClassificationModel
    """Classification at stride 4."""
    regression: RegressionBranch
    """Box regression at stride 4."""

    @abstractmethod
    def encode(self, images: Tensor) -> object:
        """Run backbone and decoder, which both branches share.

        Args:
            images: `(N, 3, S, S)` RGB in [0, 1], S a multiple of 16.
        """

    @abstractmethod
    def classify(self, encoding: object) -> ClassFeatures:
        """Run the classification heads on what `encode` gave."""

    @abstractmethod
    def regress(self, encoding: object) -> BoxFeatures:
        """Run the regression head on what `encode` gave."""

    @property
    def has_fixed_features(self) -> bool:
        """Whether fixed features stand behind the learned channels of all maps."""
        return False

    def extract(self, images: Tensor) -> Features:
        """Compute everything that the online models look at.

        Args:
            images: `(N, 3, S, S)` RGB in [0, 1], S a multiple of 16.
        """
        encoding = self.encode(images)
        return Features.of(self.classify(encoding), self.regress(encoding))

    def stage_parameters(self, stage: Literal["one", "two"]) -> Iterator[nn.Parameter]:
        """Parameters that a training stage moves (paper, section IV-A).

        Stage one trains everything but the rectifier; stage two the rectifier alone.
        """
        rectifier = {id(self.regression.eta)}
        for parameter in self.parameters():
            if (id(parameter) in rectifier) == (stage == "two"):
                yield parameter
