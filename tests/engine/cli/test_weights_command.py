"""`fcot weights`, with small files in place of the real ones."""

from __future__ import annotations

import hashlib
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from fcot_engine.cli import main
from fcot_engine.config import PRESETS
from fcot_engine.evaluation import EvaluationReport, SequenceScore
from fcot_engine.model import read_weights_info
from fcot_engine.tracker import choose_preset, package_folder, read_scores


@pytest.fixture
def shown(capsys):
    """Run `fcot weights`, expect it to succeed, and return its output."""

    def run(*words):
        assert main(["weights", *map(str, words)]) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture
def fake_import(monkeypatch, weights_file):
    """Takes the place of the import of a checkpoint; remembers what was asked for."""
    from types import SimpleNamespace

    import fcot_engine.released

    asked = {}

    def import_weights(source, out, **options):
        asked.update(source=source, out=out, **options)
        out.write_bytes(weights_file.read_bytes())
        return SimpleNamespace(provenance={"kind": "FCOT", "epoch": "70"})

    monkeypatch.setattr(fcot_engine.released, "import_weights", import_weights)
    return asked


@pytest.fixture
def user_folder(monkeypatch, tmp_path):
    """An empty folder for the weights that a user installs."""
    folder = tmp_path / "installed"
    monkeypatch.setenv("FCOT_WEIGHTS", str(folder))
    return folder


@pytest.fixture
def no_package(monkeypatch, tmp_path):
    """A package without weights."""
    folder = tmp_path / "package"
    folder.mkdir()
    monkeypatch.setattr("fcot_engine.tracker.weights.package_folder", lambda: folder)
    return folder


@pytest.fixture
def report(tmp_path):
    """Figures as `fcot eval --out` writes them."""
    scores = (
        SequenceScore("dog", 60, 0.5, 0.6, 0.7, 20.0, {"0.7": 8.0}),
        SequenceScore("deer", 70, 0.7, 0.8, 0.9, 40.0, {"0.7": 4.0}),
    )
    path = tmp_path / "figures.json"
    path.write_text(EvaluationReport(scores, "teach").to_json())
    return path


def rewrite(path, out, change):
    """Write a weights file anew, with other tensors under the same header."""
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, out, metadata=read_weights_info(path))


class TestList:
    @pytest.mark.parametrize("words", [(), ("list",)], ids=["no_part", "list"])
    def test_every_preset_has_a_line_with_its_file(self, shown, words):
        lines = shown(*words).splitlines()[1:]
        for line, (name, preset) in zip(lines, PRESETS.items(), strict=False):
            assert line.split()[:2] == [name, preset.weights_name]

    def test_json_tells_which_files_are_there(self, shown, user_folder):
        facts = json.loads(shown("list", "--json"))
        presets = facts["presets"]
        assert presets.keys() == PRESETS.keys()
        assert presets["lite"]["present"] and presets["lite"]["megabytes"] > 0.5
        assert not presets["paper"]["present"]
        assert 25e6 < presets["paper"]["parameters"] < 26e6

    def test_default_and_its_reason_are_told(self, shown, user_folder):
        text = shown("list")
        best = choose_preset(torch.device("cpu")).preset
        assert "Default on CPU" in text and f": {best}, AUC 0." in text
        assert "`fcot weights get paper`" in text

    def test_figures_of_the_shipped_weights_are_shown(self, shown):
        told = json.loads(shown("list", "--json"))["presets"]["lite"]
        written = json.loads(
            (package_folder() / "lite.scores.json").read_text(encoding="utf-8")
        )
        assert told["auc"] == written["auc"]
        assert told["scores"].startswith(f"{written['sequences']} sequences")

    def test_missing_file_is_told_not_raised(self, shown, no_package, user_folder):
        assert "not there" in shown("list").splitlines()[1]

    def test_broken_file_is_told_not_raised(self, shown, no_package, user_folder):
        (no_package / "lite.safetensors").write_bytes(b"broken")
        assert "cannot be read" in shown("list").splitlines()[1]


class TestGet:
    def test_weights_that_are_there_are_named(self, shown):
        assert str(package_folder() / "lite.safetensors") in shown("get", "lite")

    @pytest.mark.parametrize("preset", ["base", "paper"])
    def test_without_a_source_it_says_where_they_come_from(
        self, capsys, no_package, user_folder, preset
    ):
        assert main(["weights", "get", preset]) == 1
        text = capsys.readouterr().out
        assert PRESETS[preset].weights_origin in text
        assert str(user_folder / f"{preset}.safetensors") in text
        assert f"fcot weights get {preset} --from" in text

    def test_file_is_installed_and_found(
        self, shown, no_package, user_folder, weights_file
    ):
        text = shown("get", "lite", "--from", weights_file)
        target = user_folder / "lite.safetensors"
        assert target.read_bytes() == weights_file.read_bytes()
        assert hashlib.sha256(target.read_bytes()).hexdigest() in text
        assert shown("verify", "lite").startswith("ok")

    def test_weights_of_the_package_come_first_and_that_is_said(
        self, shown, user_folder, weights_file
    ):
        assert "come first" in shown("get", "lite", "--from", weights_file)

    def test_weights_of_another_preset_are_refused(
        self, refused, user_folder, weights_file
    ):
        line = refused("weights", "get", "base", "--from", weights_file)
        assert "weights for preset 'lite', not 'base'" in line
        assert not any(user_folder.iterdir())

    def test_unknown_preset(self, refused):
        assert "no preset 'huge'" in refused("weights", "get", "huge")


class TestScore:
    def test_figures_are_kept_and_listed(
        self, shown, no_package, user_folder, weights_file, report
    ):
        (no_package / "lite.safetensors").write_bytes(weights_file.read_bytes())
        shown("score", "lite", "--report", report, "--measured-on", "cpu")
        told = json.loads(shown("list", "--json"))["presets"]["lite"]
        assert told["auc"] == pytest.approx(0.6)
        assert told["scores"].startswith("2 sequences")
        assert told["frames_per_s"] == 30
        assert "0.600" in shown("list").splitlines()[1]

    def test_figures_of_other_weights_are_not_shown(
        self, shown, no_package, user_folder, weights_file, report
    ):
        path = no_package / "lite.safetensors"
        path.write_bytes(weights_file.read_bytes())
        shown("score", "lite", "--report", report)
        rewrite(path, path, lambda tensors: tensors["fine.label_table"][0].add_(1))
        told = json.loads(shown("list", "--json"))["presets"]["lite"]
        assert told["scores"] == "of other weights" and "auc" not in told

    def test_speeds_and_effort_measured_before_are_kept(
        self, shown, weights_file, report, tmp_path
    ):
        path = tmp_path / "mine.safetensors"
        path.write_bytes(weights_file.read_bytes())
        shown("score", path, "--report", report, "--measured-on", "cpu")
        scores = (SequenceScore("dog", 60, 0.8, 0.8, 0.8, 90.0),)
        report.write_text(EvaluationReport(scores).to_json())
        shown("score", path, "--report", report)
        kept = read_scores(path)
        assert (kept.auc, kept.sequences) == (0.8, 1)
        assert kept.speed_on("cpu") == 30 and kept.effort == {"0.7": 6.0}

    def test_other_file_is_no_report(self, refused, weights_file, tmp_path):
        path = tmp_path / "other.json"
        path.write_text("[]")
        line = refused("weights", "score", weights_file, "--report", path)
        assert "no report of `fcot eval`" in line


class TestShow:
    def test_header_and_sizes(self, shown, weights_file):
        text = shown("show", weights_file)
        tensors = load_file(weights_file)
        lines = dict(line.split(maxsplit=1) for line in text.splitlines())
        assert lines["file"] == str(weights_file)
        assert lines["tensors"] == str(len(tensors))
        assert lines["numbers"] == str(sum(t.numel() for t in tensors.values()))
        assert "float16" in lines["stored_as"]
        assert json.loads(lines["network"]) == json.loads(
            read_weights_info(weights_file)["network"]
        )

    def test_preset_by_name(self, shown):
        facts = json.loads(shown("show", "lite", "--json"))
        assert facts["file"].endswith("lite.safetensors")


class TestVerify:
    def test_shipped_weights_are_fine(self, shown):
        assert shown("verify", "lite").startswith("ok: lite.safetensors, ")

    def test_digest_is_of_the_tensors_alone(self, shown, weights_file, tmp_path):
        told = tmp_path / "told.safetensors"
        info = read_weights_info(weights_file)
        save_file(load_file(weights_file), told, metadata=info | {"more": "words"})
        assert told.read_bytes() != weights_file.read_bytes()
        digests = [
            json.loads(shown("verify", path, "--json"))["tensors_sha256"]
            for path in (weights_file, told)
        ]
        assert digests[0] == digests[1]

    def test_digest_follows_the_numbers(self, shown, weights_file, tmp_path):
        other = tmp_path / "other.safetensors"
        rewrite(weights_file, other, lambda t: t["fine.label_table"].add_(1))
        assert shown("verify", other).split()[-1] not in shown("verify", weights_file)

    def test_number_that_is_none_is_refused(self, refused, weights_file, tmp_path):
        other = tmp_path / "other.safetensors"
        rewrite(weights_file, other, lambda t: t["fine.label_table"].fill_(torch.nan))
        assert "fine.label_table is not finite" in refused("weights", "verify", other)

    def test_tensor_that_is_missing_is_refused(self, refused, weights_file, tmp_path):
        other = tmp_path / "other.safetensors"
        rewrite(weights_file, other, lambda tensors: tensors.pop("fine.label_table"))
        assert "missing fine.label_table" in refused("weights", "verify", other)


@pytest.mark.parametrize("part", ["show", "verify"])
class TestFilesThatAreNone:
    def test_unknown_name(self, refused, part):
        line = refused("weights", part, "nothing")
        assert "'nothing'" in line and "lite" in line

    def test_other_file(self, refused, tmp_path, part):
        path = tmp_path / "text.safetensors"
        path.write_text("text")
        assert "cannot be read" in refused("weights", part, path)

    def test_checkpoint_is_told_to_be_imported(self, refused, tmp_path, part):
        path = tmp_path / "fcot.pth"
        torch.save({"net": {}}, path)
        line = refused("weights", part, path)
        assert "fcot weights import fcot.pth" in line


class TestImport:
    def test_result_lies_beside_the_checkpoint(self, shown, fake_import, tmp_path):
        text = shown("import", tmp_path / "fcot.pth")
        assert fake_import["out"] == tmp_path / "fcot.safetensors"
        assert text.startswith(f"Written: {tmp_path / 'fcot.safetensors'}\n")
        assert "70" in text

    def test_options_are_passed_on(self, shown, fake_import, tmp_path):
        out = tmp_path / "other.safetensors"
        words = ("--out", out, "--norm-scale", "1.5", "--sha256", "ab")
        facts = json.loads(shown("import", tmp_path / "fcot.pth", *words, "--json"))
        assert (fake_import["norm_scale"], fake_import["sha256"]) == (1.5, "ab")
        assert facts["file"] == str(fake_import["out"]) == str(out)

    def test_file_that_is_there_is_kept(self, refused, shown, fake_import, tmp_path):
        out = tmp_path / "fcot.safetensors"
        out.write_text("mine")
        assert "--force" in refused("weights", "import", tmp_path / "fcot.pth")
        assert out.read_text() == "mine"
        shown("import", tmp_path / "fcot.pth", "--force")
        assert out.read_bytes() != b"mine"

    def test_checkpoint_is_never_overwritten(self, refused, fake_import, tmp_path):
        path = tmp_path / "fcot.pth"
        path.write_text("theirs")
        line = refused("weights", "import", path, "--out", path, "--force")
        assert "the checkpoint itself" in line
        assert path.read_text() == "theirs" and not fake_import

    def test_missing_checkpoint(self, refused, tmp_path):
        assert "nothing.pth cannot be read" in refused(
            "weights", "import", tmp_path / "nothing.pth"
        )

    def test_web_page_in_place_of_a_checkpoint(self, refused, tmp_path):
        path = tmp_path / "fcot.pth"
        path.write_text("<!DOCTYPE html><title>Quota exceeded</title>")
        assert "web page" in refused("weights", "import", path)
        assert not (tmp_path / "fcot.safetensors").exists()

    def test_checkpoint_of_another_network(self, refused, tmp_path):
        path = tmp_path / "fcot.pth"
        torch.save({"net": {"layer.weight": torch.ones(2)}}, path)
        assert "not of FCOT, DiMP or EfficientNet" in refused("weights", "import", path)


class TestUsage:
    def test_help_shows_the_parts(self, capsys):
        with pytest.raises(SystemExit):
            main(["weights", "--help"])
        text = capsys.readouterr().out
        assert all(part in text for part in ("import", "list", "show", "verify"))
