from __future__ import annotations

import dataclasses
import hashlib
import io
import urllib.error

import pytest
from safetensors.torch import load_file, save_file

from fcot_engine.config import PRESETS
from fcot_engine.errors import WeightsError
from fcot_engine.model import read_contents, read_weights_info, save_network
from fcot_engine.tracker import (
    DeviceSpeed,
    WeightsScores,
    default_weights,
    install_weights,
    package_folder,
    read_scores,
    scores_path,
    user_folder,
    write_scores,
)
from fcot_engine.tracker import (
    weights as weights_module,
)

ADDRESS = "https://example.org/lite.safetensors"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """The user's folder; the package has no weights."""
    folder = tmp_path / "user" / "weights"
    monkeypatch.setenv("FCOT_WEIGHTS", str(folder))
    monkeypatch.setattr(
        "fcot_engine.tracker.weights.package_folder",
        lambda: tmp_path / "package",
    )
    return folder


@pytest.fixture
def weights(lite_network, tmp_path):
    path = tmp_path / "brought" / "lite.safetensors"
    save_network(lite_network, path)
    return path


class Answer(io.BytesIO):
    """What a web server answers."""

    address = ADDRESS

    def geturl(self):
        return self.address


@pytest.fixture
def serve(monkeypatch):
    def serve(answer):
        def open_address(address, timeout):
            assert address == ADDRESS and timeout > 0
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(weights_module.urllib.request, "urlopen", open_address)

    return serve


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class TestFromFile:
    @pytest.mark.parametrize("is_folder", [False, True], ids=["file", "folder"])
    def test_is_copied_and_found(self, weights, folder, is_folder):
        source = weights.parent if is_folder else weights
        installed = install_weights("lite", str(source))
        assert installed.path == folder / "lite.safetensors" == default_weights("lite")
        assert installed.sha256 == digest(weights) == digest(installed.path)
        assert [path.name for path in folder.iterdir()] == ["lite.safetensors"]

    def test_figures_come_along(self, weights):
        scores = WeightsScores(
            tensors_sha256=read_contents(weights).sha256,
            auc=0.6,
            sequences=3,
            frames=300,
            date="2026-11-22",
        )
        write_scores(weights, scores)
        installed = install_weights("lite", str(weights))
        assert installed.has_scores and read_scores(installed.path) == scores

    def test_figures_of_other_weights_do_not(self, weights, folder):
        other = WeightsScores(
            tensors_sha256="0" * 64, auc=0.9, sequences=3, frames=9, date="2026-11-22"
        )
        write_scores(weights, other)
        assert not install_weights("lite", str(weights)).has_scores
        assert len(list(folder.iterdir())) == 1

    def test_nothing_there(self, tmp_path):
        with pytest.raises(WeightsError, match="There is no file"):
            install_weights("lite", str(tmp_path / "none"))


class TestChecks:
    def test_given_digest(self, weights):
        install_weights("lite", str(weights), sha256=digest(weights).upper())
        with pytest.raises(WeightsError, match="expected 00"):
            install_weights("lite", str(weights), sha256="0" * 64)

    def test_digest_beside_the_file(self, weights):
        beside = weights.with_name("lite.safetensors.sha256")
        beside.write_text(f"{digest(weights)}  lite.safetensors\n")
        install_weights("lite", str(weights))
        beside.write_text(f"{'1' * 64}  lite.safetensors\n")
        with pytest.raises(WeightsError, match="another file or damaged"):
            install_weights("lite", str(weights))

    def test_damaged_file_leaves_what_was_there(self, weights, folder):
        install_weights("lite", str(weights))
        before = (folder / "lite.safetensors").read_bytes()
        weights.write_bytes(before[:-10])
        with pytest.raises(WeightsError, match="cannot be read"):
            install_weights("lite", str(weights))
        assert (folder / "lite.safetensors").read_bytes() == before
        assert len(list(folder.iterdir())) == 1

    def test_missing_tensor_is_named(self, weights):
        tensors, info = load_file(weights), read_weights_info(weights)
        del tensors["fine.label_table"]
        save_file(tensors, weights, metadata=info)
        with pytest.raises(WeightsError, match=r"missing fine\.label_table"):
            install_weights("lite", str(weights))

    def test_weights_of_another_preset(self, weights):
        with pytest.raises(WeightsError, match=r"preset 'lite', not 'base'"):
            install_weights("base", str(weights))

    def test_folder_that_cannot_be_written(self, weights, folder):
        folder.parent.mkdir()
        folder.write_text("a file in its place")
        with pytest.raises(WeightsError, match="FCOT_WEIGHTS"):
            install_weights("lite", str(weights))


class TestFromAddress:
    def test_is_fetched_and_checked(self, weights, serve):
        serve(Answer(weights.read_bytes()))
        came = []
        installed = install_weights(
            "lite", ADDRESS, sha256=digest(weights), on_progress=came.append
        )
        assert digest(installed.path) == digest(weights)
        assert came[-1] == weights.stat().st_size

    def test_plain_http_is_refused(self):
        with pytest.raises(WeightsError, match="https:// only"):
            install_weights("lite", "http://example.org/lite.safetensors")

    def test_way_out_of_https_is_refused(self, weights, serve):
        answer = Answer(weights.read_bytes())
        answer.address = "http://example.org/other"
        serve(answer)
        with pytest.raises(WeightsError, match="not https"):
            install_weights("lite", ADDRESS)

    def test_no_network_says_how_else(self, serve):
        serve(urllib.error.URLError("no route to host"))
        with pytest.raises(WeightsError, match=r"no route to host.*--from"):
            install_weights("lite", ADDRESS)

    def test_too_large_a_file_is_not_read_to_its_end(self, serve, monkeypatch, folder):
        monkeypatch.setattr(weights_module, "MOST_BYTES", 1000)
        serve(Answer(b"0" * 5000))
        with pytest.raises(WeightsError, match="no weights of ours"):
            install_weights("lite", ADDRESS)
        assert not list(folder.iterdir())


class TestUserFolder:
    def test_is_named_by_the_environment(self, folder):
        assert user_folder() == folder

    def test_lies_in_the_data_folder_of_the_system(self, monkeypatch, tmp_path):
        monkeypatch.delenv("FCOT_WEIGHTS")
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        monkeypatch.setattr("sys.platform", "linux")
        assert user_folder() == tmp_path / "napari-fcot" / "weights"

    def test_missing_weights_are_told_with_both_folders(self, folder):
        with pytest.raises(WeightsError, match="fcot weights get base") as caught:
            default_weights("base")
        assert str(folder) in str(caught.value)


@pytest.fixture
def scores(weights):
    return WeightsScores(
        tensors_sha256=read_contents(weights).sha256,
        auc=0.6,
        effort={"0.7": 9.5},
        sequences=3,
        frames=300,
        date="2026-11-22",
        speeds=(
            DeviceSpeed(kind="cpu", name="CPU", frames_per_s=20.0),
            DeviceSpeed(kind="cuda", name="slow", frames_per_s=50.0),
            DeviceSpeed(kind="cuda", name="fast", frames_per_s=90.0),
        ),
    )


class TestScores:
    def test_come_back(self, weights, scores):
        write_scores(weights, scores)
        assert read_scores(weights) == scores

    def test_speed_is_that_of_the_fastest_device_of_a_kind(self, scores):
        assert scores.speed_on("cuda") == 90
        assert scores.speed_on("mps") is None

    def test_nothing_measured_is_no_error(self, weights):
        assert read_scores(weights) is None

    def test_figures_of_other_tensors_do_not_count(self, weights, scores):
        write_scores(weights, dataclasses.replace(scores, tensors_sha256="0" * 64))
        assert read_scores(weights) is None

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("no json", id="text"),
            pytest.param("[1]", id="list"),
            pytest.param('{"auc": 0.5}', id="incomplete"),
            pytest.param(
                '{"tensors_sha256": "a", "auc": 61.5, "sequences": 1, "frames": 9, '
                '"date": "x"}',
                id="percent",
            ),
        ],
    )
    def test_damaged_file_is_named(self, weights, text):
        scores_path(weights).write_text(text)
        with pytest.raises(WeightsError, match=r"lite.scores.json holds no figures"):
            read_scores(weights)

    def test_folder_that_is_not_there_is_an_error(self, scores, tmp_path):
        with pytest.raises(WeightsError, match="cannot be written"):
            write_scores(tmp_path / "none" / "some.safetensors", scores)


SHIPPED = [
    path
    for preset in PRESETS.values()
    if (path := package_folder() / preset.weights_name).is_file()
]


@pytest.mark.parametrize("weights", SHIPPED, ids=lambda path: path.stem)
def test_figures_in_the_package_are_those_of_its_weights(weights):
    """Whoever replaces weights measures them again: `fcot weights score`."""
    scores = read_scores(weights)
    assert scores is not None and scores.sequences > 0
