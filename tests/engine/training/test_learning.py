"""Training learns: the whole loop with the real network, losses and factory."""

from __future__ import annotations

import pytest
import torch

from fcot_engine.config import FactoryConfig, TrainingConfig
from fcot_engine.training import (
    PhotoPool,
    SampleFactory,
    Trainer,
    compute_losses,
    read_log,
)

SIDE = 64


def draw_photo(seed):
    """Blocks of colour: objects that can be told apart, `(3, 120, 140)`, with boxes."""
    generator = torch.Generator().manual_seed(seed)
    photo = torch.full((3, 120, 140), 128, dtype=torch.uint8)
    boxes = [[15.0, 20.0, 40.0, 36.0], [85.0, 60.0, 32.0, 44.0]]
    for x, y, w, h in ((int(v) for v in box) for box in boxes):
        colours = torch.randint(0, 256, (3, 2, 2), generator=generator)
        stretched = colours.repeat_interleave(h // 2, 1).repeat_interleave(w // 2, 2)
        photo[:, y : y + h, x : x + w] = stretched.to(torch.uint8)
    return photo, boxes


class TinySet:
    """Few batches, over and over."""

    def __init__(self, source, n):
        self.batches = [source.make_batch(index, 3) for index in range(n)]

    def make_batch(self, index, size):
        assert size == 3
        return self.batches[index % len(self.batches)]


@pytest.mark.slow
def test_forty_steps_on_a_tiny_set_cut_the_loss_by_half(tmp_path, make_lite_network):
    photos, boxes = zip(*(draw_photo(seed) for seed in range(4)), strict=True)
    pool = PhotoPool.from_arrays(list(photos), list(boxes))
    factory = FactoryConfig(patch_size=SIDE, target_size_px=26.0)
    config = TrainingConfig(
        factory=factory,
        batch=3,
        samples=120,
        lr=4e-3,
        warmup_samples=30,
        log_every=4,
    )
    torch.manual_seed(0)
    trainer = Trainer(
        make_lite_network(),
        TinySet(SampleFactory(pool, factory, seed=1), 2),
        compute_losses,
        config,
        folder=tmp_path,
    )
    trainer.run()
    assert trainer.progress.step == 40
    rows = read_log(tmp_path / "log.csv")
    assert rows[-1]["total"] < 0.5 * rows[0]["total"]
