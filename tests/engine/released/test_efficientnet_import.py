from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from fcot_engine.errors import WeightsError
from fcot_engine.model import STAGES
from fcot_engine.model.backbones import STEM_CHANNELS
from fcot_engine.released import import_network
from fcot_engine.released.efficientnet_import import make_start


def _norm(name, channels, generator):
    def rand():
        return torch.rand(channels, generator=generator) + 0.5

    return {
        f"{name}.weight": rand(),
        f"{name}.bias": rand() - 1,
        f"{name}.running_mean": rand() - 1,
        f"{name}.running_var": rand(),
        f"{name}.num_batches_tracked": torch.tensor(3),
    }


def _conv(name, norm, after, before, side, generator):
    shape = (after, before, side, side)
    weight = torch.randn(shape, generator=generator) / (before * side**2) ** 0.5
    return {f"{name}.weight": weight} | _norm(norm, after, generator)


@pytest.fixture(scope="session")
def tensors():
    """Entries as an EfficientNet-PyTorch file has them, also of later stages."""
    generator = torch.Generator().manual_seed(3)
    found = _conv("_conv_stem", "_bn0", STEM_CHANNELS, 3, 3, generator)
    number, before = 0, STEM_CHANNELS
    for sizes in STAGES:
        for _ in range(sizes.blocks):
            block, inside = f"_blocks.{number}", before * sizes.expansion
            if sizes.expansion > 1:
                found |= _conv(
                    f"{block}._expand_conv",
                    f"{block}._bn0",
                    inside,
                    before,
                    1,
                    generator,
                )
            found |= _conv(
                f"{block}._depthwise_conv",
                f"{block}._bn1",
                inside,
                1,
                sizes.side,
                generator,
            )
            found |= _conv(
                f"{block}._project_conv",
                f"{block}._bn2",
                sizes.channels,
                inside,
                1,
                generator,
            )
            number, before = number + 1, sizes.channels
    return found | {
        "_fc.bias": torch.zeros(1000),
        "_blocks.15._bn2.bias": torch.ones(2),
    }


def _run_norm(tensors, name, x):
    parts = (f"{name}.{p}" for p in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, *(tensors[part] for part in parts), eps=1e-3)


class TestMakeStart:
    def test_stem_does_what_convolution_and_norm_did(self, tensors):
        network = make_start(tensors, name="file", seed=0)
        x = torch.rand(1, 3, 32, 32)
        padded = F.pad(x, (0, 1, 0, 1))
        wanted = F.conv2d(padded, tensors["_conv_stem.weight"], stride=2)
        wanted = _run_norm(tensors, "_bn0", wanted)
        with torch.no_grad():
            found = network.backbone.trunk.stem(x)
        torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)

    def test_a_block_does_what_its_entries_say(self, tensors):
        trunk = make_start(tensors, name="file", seed=0).backbone.trunk
        x = torch.randn(1, 24, 8, 8)  # the second block at stride 4, number 2
        y = F.conv2d(x, tensors["_blocks.2._expand_conv.weight"])
        y = _run_norm(tensors, "_blocks.2._bn0", y).clamp(0, 6)
        weight = tensors["_blocks.2._depthwise_conv.weight"]
        y = F.conv2d(y, weight, padding=1, groups=144)
        y = _run_norm(tensors, "_blocks.2._bn1", y).clamp(0, 6)
        y = F.conv2d(y, tensors["_blocks.2._project_conv.weight"])
        wanted = x + _run_norm(tensors, "_blocks.2._bn2", y)
        with torch.no_grad():
            found = trunk.stages[1][1](x)
        torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-3)

    def test_all_that_is_wrong_is_named_together(self, tensors):
        broken = dict(tensors)
        del broken["_blocks.3._bn1.running_var"]
        broken["_blocks.4._project_conv.weight"] = torch.zeros(2, 3, 1, 1)
        with pytest.raises(WeightsError, match=r"\(2 problems\)") as caught:
            make_start(broken, name="some.pth", seed=0)
        assert "missing _blocks.3._bn1.running_var" in str(caught.value)
        assert "has shape (2, 3, 1, 1), expected (40, 240, 1, 1)" in str(caught.value)


class TestImportNetwork:
    def test_a_file_becomes_a_start_of_the_base_preset(self, tensors, tmp_path):
        path = tmp_path / "net.pth"
        torch.save(tensors, path)
        imported = import_network(path)
        assert imported.provenance["kind"] == "EfficientNet-Lite0"
        assert "pre-trained" in imported.provenance["note"]
        wanted = make_start(tensors, name="", seed=0).state_dict()
        for name, value in imported.network.state_dict().items():
            assert torch.equal(value, wanted[name]), name

    def test_weights_laid_out_in_another_order_are_read(self, tensors, tmp_path):
        # as a file that was converted from channels last
        weight = tensors["_conv_stem.weight"]
        turned = weight.permute(2, 3, 1, 0).contiguous().permute(3, 2, 0, 1)
        path = tmp_path / "net.pth"
        torch.save(tensors | {"_conv_stem.weight": turned}, path)
        found = import_network(path).network.state_dict()
        wanted = make_start(tensors, name="", seed=0).state_dict()
        name = "backbone.trunk.stem.conv.weight"
        assert torch.equal(found[name], wanted[name])
