from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from fcot_engine.config import (
    BackboneConfig,
    ClassifierConfig,
    EfficientNetBackboneConfig,
    NetworkConfig,
    RegressorConfig,
)
from fcot_engine.errors import WeightsError
from fcot_engine.model import (
    LiteNet,
    load_network,
    read_contents,
    read_weights_info,
    save_network,
)

CONFIG = NetworkConfig(
    backbone=BackboneConfig(widths=(4, 6, 8), blocks=(1, 2, 1), decoder_width=5),
    coarse=ClassifierConfig(
        channels=3, filter_side=3, label_sigma=0.9, mask_slope=0.5, distance_bins=9
    ),
    fine=ClassifierConfig(channels=2, filter_side=5, label_sigma=1.1, mask_slope=0.5),
    regressor=RegressorConfig(channels=4, detail_side=3),
)


@pytest.fixture
def network():
    return LiteNet(CONFIG).eval()


@pytest.fixture
def path(network, tmp_path):
    path = tmp_path / "some.safetensors"
    save_network(network, path, info={"data": "photos", "samples": "12"})
    return path


def rewrite(path, change):
    """Write a weights file again after `change(tensors, metadata)`."""
    tensors, metadata = load_file(path), read_weights_info(path)
    change(tensors, metadata)
    save_file(tensors, path, metadata=metadata)


def one_line(caught):
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 1200
    return message


BASE_CONFIG = dataclasses.replace(
    CONFIG,
    backbone=EfficientNetBackboneConfig(decoder_width=6, detail_strides=(4,)),
    fine=dataclasses.replace(CONFIG.fine, head_width=7),
)


class TestSaveAndLoad:
    def test_a_network_of_the_base_kind_comes_back(self, tmp_path):
        network, path = LiteNet(BASE_CONFIG).eval(), tmp_path / "base.safetensors"
        save_network(network, path)
        assert json.loads(read_weights_info(path)["network"])["kind"] == "base"
        loaded = load_network(path)
        assert loaded.config == BASE_CONFIG
        for name, value in loaded.state_dict().items():
            expected = network.state_dict()[name]
            torch.testing.assert_close(value, expected, atol=1e-3, rtol=1e-3)

    def test_files_that_know_no_head_width_are_read(self, network, path):
        def forget(_, metadata):
            sizes = json.loads(metadata["network"])
            del sizes["fine"]["head_width"]
            metadata["network"] = json.dumps(sizes)

        rewrite(path, forget)
        assert load_network(path).config == network.config

    def test_sizes_and_values_come_back_in_half_precision(self, network, path):
        loaded = load_network(path)
        assert loaded.config == CONFIG
        assert not loaded.training
        for name, value in network.state_dict().items():
            again = loaded.state_dict()[name]
            wanted = value.half().float() if value.is_floating_point() else value
            assert again.dtype == value.dtype
            assert torch.equal(again, wanted), name

    @pytest.mark.parametrize(
        ("value", "stays"),
        [
            pytest.param(3e-5, True, id="large_enough"),
            pytest.param(3e-7, False, id="too_small"),
            pytest.param(1e6, False, id="too_large"),
        ],
    )
    def test_numbers_that_half_precision_would_lose_take_four(
        self, network, tmp_path, value, stays
    ):
        table = network.fine.label_table.data
        table[:] = value * torch.linspace(1, 1.9, len(table))
        save_network(network, tmp_path / "w")
        kept = load_file(tmp_path / "w")["fine.label_table"]
        assert kept.dtype == (torch.float16 if stays else torch.float32)
        assert float((kept.float() - table).norm() / table.norm()) < 1e-3


class TestInfo:
    def test_origin_is_kept(self, path):
        info = read_weights_info(path)
        assert (info["data"], info["samples"]) == ("photos", "12")
        assert json.loads(info["network"])["fine"]["filter_side"] == 5


class TestAtomicWrite:
    def test_failed_write_keeps_the_old_file(self, network, path, monkeypatch):
        before = path.read_bytes()

        def fill_the_disk(tensors, draft, metadata):
            draft.write_bytes(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("fcot_engine.model.weights.save_file", fill_the_disk)
        with pytest.raises(WeightsError, match="No space left on device"):
            save_network(network, path)
        assert path.read_bytes() == before
        assert [p.name for p in path.parent.iterdir()] == [path.name]

    def test_folder_that_cannot_be_made_is_one_error(self, network, tmp_path):
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(WeightsError, match="cannot be written"):
            save_network(network, tmp_path / "file" / "w.safetensors")


class TestWrongFiles:
    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"not a weights file at all, but some text", id="text"),
            pytest.param(b"\xff" * 64, id="huge_header"),
            pytest.param(b"PK\x03\x04" + bytes(100), id="zip"),
        ],
    )
    def test_other_file_cannot_be_read(self, tmp_path, content):
        path = tmp_path / "w.safetensors"
        path.write_bytes(content)
        with pytest.raises(WeightsError, match="cannot be read") as caught:
            load_network(path)
        assert path.name in one_line(caught)

    def test_missing_file_is_named(self, tmp_path):
        with pytest.raises(WeightsError, match=r"nowhere\.safetensors") as caught:
            load_network(tmp_path / "nowhere.safetensors")
        one_line(caught)

    @pytest.mark.parametrize("kept", [4, 200, 0.5, -1])
    def test_truncated_file_is_refused(self, path, kept):
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * kept) if kept == 0.5 else kept])
        with pytest.raises(WeightsError, match="cannot be read") as caught:
            load_network(path)
        one_line(caught)

    def test_file_of_another_program_is_refused(self, tmp_path):
        path = tmp_path / "other.safetensors"
        save_file({"weight": torch.zeros(3)}, path)
        with pytest.raises(WeightsError, match="not a weights file of napari-fcot"):
            load_network(path)


class TestTensorsThatDoNotFit:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            pytest.param(
                lambda t, _: t.pop("regression.eta"),
                r"missing regression\.eta",
                id="missing",
            ),
            pytest.param(
                lambda t, _: t.update(extra=torch.zeros(2)),
                "unexpected extra",
                id="extra",
            ),
            pytest.param(
                lambda t, _: t.update({"fine.label_table": torch.zeros(7)}),
                r"fine\.label_table has shape \(7,\), expected \(60,\)",
                id="misshapen",
            ),
            pytest.param(
                lambda t, _: (
                    t["coarse_head.conv.weight"].view(-1)[3:4].fill_(float("nan"))
                ),
                r"coarse_head\.conv\.weight is not finite",
                id="nan",
            ),
            pytest.param(
                lambda t, _: t["coarse_head.gain"].fill_(float("inf")),
                r"coarse_head\.gain is not finite",
                id="infinite",
            ),
        ],
    )
    def test_problem_is_named(self, path, change, message):
        rewrite(path, change)
        with pytest.raises(WeightsError, match=message) as caught:
            load_network(path)
        assert "(1 problems)" in one_line(caught)

    def test_several_problems_are_named_together(self, path):
        def spoil(tensors, _):
            tensors.pop("regression.eta")
            tensors["extra"] = torch.zeros(2)

        rewrite(path, spoil)
        with pytest.raises(WeightsError, match=r"2 problems.*missing.*unexpected"):
            load_network(path)

    def test_many_problems_stay_one_readable_line(self, path):
        rewrite(path, lambda t, _: [t.pop(name) for name in list(t)[:40]])
        with pytest.raises(WeightsError, match="40 problems") as caught:
            load_network(path)
        one_line(caught)


class TestDescriptionsThatCannotBeBuilt:
    @pytest.mark.parametrize(
        "described",
        [
            pytest.param("{", id="no_json"),
            pytest.param("[]", id="no_table"),
            pytest.param('{"backbone": {}}', id="parts_missing"),
            pytest.param(
                json.dumps(dataclasses.asdict(CONFIG) | {"fine": {"channels": 2}}),
                id="sizes_missing",
            ),
            pytest.param(
                json.dumps(
                    dataclasses.asdict(CONFIG)
                    | {"regressor": {"channels": 4, "unheard_of": 1}}
                ),
                id="unknown_setting",
            ),
            pytest.param(
                json.dumps(
                    dataclasses.asdict(CONFIG)
                    | {"backbone": {"widths": [0, 1, 2], "blocks": [1, 1, 1]}}
                ),
                id="impossible_size",
            ),
        ],
    )
    def test_one_line_says_so(self, path, described):
        rewrite(path, lambda _, metadata: metadata.update(network=described))
        with pytest.raises(WeightsError, match="cannot be built") as caught:
            load_network(path)
        one_line(caught)


TENSORS = {
    "b": torch.tensor([[1.0, 2.0]], dtype=torch.float16),
    "a": torch.tensor(7),
}


@pytest.fixture
def contents_of(tmp_path):
    def read(tensors, metadata=None):
        path = tmp_path / "w.safetensors"
        save_file(tensors, path, metadata=metadata)
        return read_contents(path)

    return read


class TestReadContents:
    def test_counts(self, contents_of):
        found = contents_of(TENSORS)
        assert (found.n_tensors, found.n_numbers) == (2, 3)
        assert found.numbers_by_type == {"float16": 2, "int64": 1}

    def test_digest_by_hand(self, contents_of):
        """Name, type, shape and bytes of each tensor, in the order of the names."""
        whole = b"a int64 ()\n" + (7).to_bytes(8, "little")
        whole += b"b float16 (1, 2)\n" + b"\x00\x3c\x00\x40"
        assert contents_of(TENSORS).sha256 == hashlib.sha256(whole).hexdigest()

    def test_header_does_not_count(self, contents_of):
        assert contents_of(TENSORS) == contents_of(TENSORS, {"date": "today"})

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"a": torch.tensor(8)}, id="value"),
            pytest.param({"b": TENSORS["b"].T.contiguous()}, id="shape"),
            pytest.param({"b": TENSORS["b"].bfloat16()}, id="type"),
            pytest.param({"c": torch.ones(1)}, id="name"),
        ],
    )
    def test_anything_else_does(self, contents_of, change):
        before = contents_of(TENSORS).sha256
        assert contents_of(TENSORS | change).sha256 != before

    def test_broken_file_is_one_error(self, tmp_path):
        path = tmp_path / "w.safetensors"
        path.write_bytes(b"no")
        with pytest.raises(WeightsError, match="cannot be read"):
            read_contents(path)
