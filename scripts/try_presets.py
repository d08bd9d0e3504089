"""Show that each preset learns: a few steps on a tiny set that comes over and over.

    python scripts/try_presets.py --photos FOLDER --steps 40

Prints, for each preset, parameters, time a step and the loss on the way. The first and
the last figure are means over the whole set, so they can be compared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from fcot_engine.config import PAPER_LOSSES, PRESETS, FactoryConfig, LossConfig
from fcot_engine.model import FcotNet, LiteNet
from fcot_engine.training import (
    SampleFactory,
    TrainingBatch,
    compute_losses,
    load_photo_pool,
    measure_fixed_statistics_,
    start_network,
)

MAX_GRAD_NORM = 5.0  # as `TrainingConfig`


def try_preset(
    preset: str,
    batches: Sequence[TrainingBatch],
    *,
    steps: int,
    lr: float,
    factory: SampleFactory,
    init: Path | None,
) -> tuple[FcotNet, list[float], float]:
    """Train one preset from new parameters, or from a weights file.

    Args:
        preset: its name.
        batches: the tiny set.
        steps: one batch each, in turn.
        lr: learning rate of AdamW.
        factory: where the fixed features are normalised on.
        init: weights to begin with.

    Returns:
        The network, the loss of each step, and CPU seconds a step.
    """
    torch.manual_seed(0)
    network = start_network(preset, init).network.train()
    fixed = network.backbone.fixed if isinstance(network, LiteNet) else None
    if fixed is not None and not fixed.has_statistics:
        measure_fixed_statistics_(fixed, factory)
    config = PAPER_LOSSES if preset == "paper" else LossConfig()
    parameters = list(network.stage_parameters("one"))
    optimizer = torch.optim.AdamW(parameters, lr=lr)
    losses, started = [], time.process_time()
    for step in range(steps):
        batch = batches[step % len(batches)]
        total = compute_losses(network, batch, stage="one", config=config)["total"]
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(parameters, MAX_GRAD_NORM)
        optimizer.step()
        losses.append(float(total.detach()))
    return network, losses, (time.process_time() - started) / steps


def main() -> None:
    """Read the command line, train, print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=list(PRESETS))
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--batches", type=int, default=2, help="in the tiny set")
    parser.add_argument("--patch-size", type=int, default=96)
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument("--max-photos", type=int, default=40)
    parser.add_argument("--init", type=Path, help="start from these weights")
    args = parser.parse_args()
    torch.set_num_threads(1)
    pool = load_photo_pool(args.photos, max_photos=args.max_photos)
    factory = SampleFactory(
        pool, FactoryConfig(patch_size=args.patch_size, target_size_px=40.0), seed=1
    )
    batches = [factory.make_batch(index, args.batch) for index in range(args.batches)]
    for preset in args.presets:
        network, losses, seconds = try_preset(
            preset,
            batches,
            steps=args.steps,
            lr=args.lr,
            factory=factory,
            init=args.init,
        )
        millions = sum(p.numel() for p in network.parameters()) / 1e6
        n, half = len(batches), args.steps // 2
        course = [sum(losses[i : i + n]) / n for i in (0, half, args.steps - n)]
        told = ", ".join(f"{value:.2f}" for value in course)
        print(
            f"{preset:8s}{millions:6.2f} M  {seconds:6.2f} CPU s a step  "
            f"loss at start, half, end: {told}"
        )


if __name__ == "__main__":
    main()
