"""From a network's sizes to the network."""

from __future__ import annotations

from fcot_engine.config import NetworkConfig, PaperNetworkConfig
from fcot_engine.model.lite_network import LiteNet
from fcot_engine.model.network import FcotNet
from fcot_engine.model.paper_network import PaperNet

__all__ = ["build_network"]


def build_network(config: NetworkConfig | PaperNetworkConfig) -> FcotNet:
    """Make the network with these sizes and fresh parameters."""
    if isinstance(config, PaperNetworkConfig):
        return PaperNet(config)
    return LiteNet(config)
