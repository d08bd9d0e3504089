from __future__ import annotations

import json

import pytest
import torch

from fcot_engine.errors import WeightsError
from fcot_engine.model import PaperNet, read_weights_info
from fcot_engine.released import import_network, import_weights
from fcot_engine.released.name_table import DIMP, FCOT


@pytest.fixture
def is_zip():
    """One container for all tests but the first: the reader's tests have both."""
    return False


class TestFcot:
    @pytest.mark.parametrize("is_zip", [False, True], ids=["legacy", "zip"])
    def test_every_number_comes_exactly(self, fcot_file, fcot_tensors, small_config):
        network = import_network(fcot_file, config=small_config).network
        assert not network.training
        for name, value in network.state_dict().items():
            expected = fcot_tensors[FCOT.to_released(name)].reshape(value.shape)
            assert torch.equal(value, expected), name

    @pytest.mark.parametrize(
        ("arguments", "expected", "note"),
        [
            pytest.param({"norm_scale_coef": 1.5}, 1.5, "from the file", id="three"),
            pytest.param({"norm_scale_coef": 2}, 2.0, "from the file", id="two"),
            pytest.param({"filter_size": 4}, 2.0, "not in the file", id="absent"),
        ],
    )
    def test_norm_scale(
        self, save, fcot_tensors, small_config, arguments, expected, note
    ):
        path = save(fcot_tensors, arguments=arguments)
        imported = import_network(path, config=small_config)
        assert imported.network.config.norm_gain == expected
        assert note in imported.provenance["norm_scale_coef"]

    def test_norm_scale_changes_the_features(self, save, fcot_tensors, small_config):
        images = torch.rand(1, 3, 32, 32)
        fine = []
        for scale in (1.0, 4.0):
            path = save(fcot_tensors, arguments={"norm_scale_coef": scale})
            network = import_network(path, config=small_config).network
            with torch.inference_mode():
                fine.append(network.extract(images).fine)
        torch.testing.assert_close(fine[1], 2 * fine[0])  # its square root

    def test_given_norm_scale_comes_first(self, fcot_file, small_config):
        imported = import_network(fcot_file, norm_scale=3.0, config=small_config)
        assert imported.network.config.norm_gain == 3.0

    @pytest.mark.parametrize(
        "value", ["1.5", None, True, -1.0, 0.0, float("nan"), float("inf"), 10**400]
    )
    def test_norm_scale_that_is_none_is_refused(
        self, save, fcot_tensors, small_config, value
    ):
        path = save(fcot_tensors, arguments={"norm_scale_coef": value})
        with pytest.raises(WeightsError, match=r"norm_scale_coef of fcot\.pth must be"):
            import_network(path, config=small_config)

    def test_files_without_step_counters(self, save, fcot_tensors, small_config):
        kept = {
            name: value
            for name, value in fcot_tensors.items()
            if not name.endswith("num_batches_tracked")
        }
        network = import_network(save(kept), config=small_config).network
        assert int(network.backbone.bn1.num_batches_tracked) == 0


class TestProblems:
    def test_all_are_named_together(self, save, fcot_tensors, small_config, one_line):
        tensors = dict(fcot_tensors)
        del tensors["pyramid_36.res_conv.bias"]
        tensors["pyramid_36.extra\n"] = torch.ones(1)
        tensors["pyramid_72.res_conv.bias"] = torch.ones(3)
        with pytest.raises(WeightsError, match=r"\(3 problems\)") as caught:
            import_network(save(tensors), config=small_config)
        message = one_line(caught)
        assert "missing pyramid_36.res_conv.bias" in message
        assert r"unexpected 'pyramid_36.extra\n'" in message
        shapes = "pyramid_72.res_conv.bias has shape (3,), expected (8,)"
        assert shapes in message

    def test_many_stay_one_readable_line(self, save, fcot_tensors, one_line):
        with pytest.raises(WeightsError, match=r"fcot\.pth does not fit") as caught:
            import_network(save(fcot_tensors))  # the small one as the paper's
        one_line(caught)

    def test_too_large_for_single_precision(self, save, fcot_tensors, small_config):
        name = "pyramid_36.res_conv.bias"
        tensors = fcot_tensors | {name: torch.full((8,), 1e300, dtype=torch.float64)}
        with pytest.raises(WeightsError, match=f"{name} has numbers too large"):
            import_network(save(tensors), config=small_config)

    def test_other_networks_are_refused(self, save, one_line):
        path = save({"layer1.weight": torch.ones(2)})
        with pytest.raises(WeightsError, match="not of FCOT, DiMP or") as caught:
            import_network(path)
        assert "layer1.weight" in one_line(caught)


class TestDimp:
    @pytest.fixture
    def imported(self, save, dimp_tensors, small_config):
        path = save(dimp_tensors, network_type="DiMPnet", arguments={"filter_size": 4})
        return import_network(path, config=small_config)

    def test_backbone_and_coarse_classifier_come_exactly(self, imported, dimp_tensors):
        filled = 0
        for name, value in imported.network.state_dict().items():
            released = DIMP.to_released(name)
            if released is not None:
                expected = dimp_tensors[released].reshape(value.shape)
                assert torch.equal(value, expected), name
                filled += 1
        assert filled == len(dimp_tensors) - 2  # fc and the box regressor

    def test_the_rest_is_fresh_and_the_same_each_time(self, imported, small_config):
        torch.manual_seed(0)
        fresh = PaperNet(small_config).state_dict()
        for name, value in imported.network.state_dict().items():
            if DIMP.to_released(name) is None:
                assert torch.equal(value, fresh[name]), name

    def test_global_random_numbers_go_on_undisturbed(
        self, save, dimp_tensors, small_config
    ):
        path = save(dimp_tensors)
        torch.manual_seed(5)
        expected = torch.rand(1)
        torch.manual_seed(5)
        import_network(path, config=small_config)
        assert torch.equal(torch.rand(1), expected)

    def test_provenance_says_what_is_fresh(self, imported):
        assert imported.provenance["kind"] == "DiMP"
        assert "freshly initialised" in imported.provenance["note"]


class TestImportWeights:
    def test_file_can_be_loaded_and_tells_where_it_came_from(
        self, fcot_file, tmp_path, small_config
    ):
        out = tmp_path / "fcot.safetensors"
        imported = import_weights(fcot_file, out, config=small_config)
        told = read_weights_info(out)
        assert told.items() >= imported.provenance.items()
        assert told["source_file"] == "fcot.pth"
        assert told["source_bytes"] == str(fcot_file.stat().st_size)
        assert (told["kind"], told["epoch"]) == ("FCOT", "70")
        assert json.loads(told["constructor"])["filter_size"] == 4
        assert len(told["source_sha256"]) == 64

    def test_refused_file_writes_nothing(self, save, tmp_path):
        path = save({"layer1.weight": torch.ones(2)})
        with pytest.raises(WeightsError):
            import_weights(path, tmp_path / "out.safetensors")
        assert [p.name for p in tmp_path.iterdir()] == [path.name]


class TestProvenance:
    """What the header of a weights file says about where it came from."""

    @pytest.fixture
    def tell(self, save, fcot_tensors, small_config):
        def make(arguments, **told):
            path = save(fcot_tensors, arguments=arguments, **told)
            return import_network(path, config=small_config).provenance

        return make

    def test_what_a_file_does_not_tell_is_said(
        self, tmp_path, fcot_tensors, small_config
    ):
        path = tmp_path / "bare.pth"
        torch.save(fcot_tensors, path)
        told = import_network(path, config=small_config).provenance
        assert (told["epoch"], told["source_network"]) == ("not told", "not told")
        assert "note" not in told  # only a start for training has one

    def test_plain_arguments_are_kept_and_nothing_else(self, tell):
        bomb = ["boom"]
        for _ in range(200):
            bomb = [bomb, bomb]  # written out, 2^200 entries
        plain = {"filter_size": 4, "init": 0.9, "act": "relu", "frozen": True}
        others = {"bomb": bomb, "none": None, "huge": 2**70, "long": "x" * 1000}
        told = tell(plain | others)
        assert json.loads(told["constructor"]) == plain
        assert all(isinstance(text, str) for text in told.values())
