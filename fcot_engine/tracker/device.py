"""Choosing and naming the device that computes."""

from __future__ import annotations

import torch

from fcot_engine.errors import ConfigError


def choose_device(wish: str = "auto") -> torch.device:
    """Turn a wish into a device that is there.

    Args:
        wish: "auto" (CUDA, then MPS, then CPU), "cpu", "cuda", "cuda:1" or "mps".

    Raises:
        ConfigError: the wish cannot be read, or there is no such device.
    """
    if wish == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wish)
    except RuntimeError as error:
        raise ConfigError(
            f"device must be auto, cpu, cuda, cuda:N or mps, got {wish!r}."
        ) from error
    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available()
        and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present.get(device.type, False):
        raise ConfigError(
            f"There is no device {wish!r} on this machine. Use auto or cpu."
        )
    return device


def name_device(device: torch.device) -> str:
    """Say in a few words what computes, for a status line."""
    if device.type == "cuda":
        return f"CUDA: {torch.cuda.get_device_name(device)}"
    if device.type == "mps":
        return "MPS: Apple GPU"
    threads = torch.get_num_threads()
    return f"CPU ({threads} thread{'s' if threads > 1 else ''})"
