"""`fcot weights`, with small files in place of the real ones."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from fcot_engine.cli import main
from fcot_engine.config.presets import PRESETS
from fcot_engine.model.weights import read_weights_info


@pytest.fixture
def refused(capsys):
    """Run `fcot weights`, expect it to fail, and return its line on stderr."""

    def run(*words):
        assert main(["weights", *map(str, words)]) == 1
        shown = capsys.readouterr()
        assert not shown.out
        (line,) = shown.err.splitlines()
        assert line.startswith("fcot weights: ")
        return line

    return run


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


class TestList:
    def test_every_preset_has_a_line_with_its_file(self, shown):
        lines = shown("list").splitlines()
        for line, (name, preset) in zip(lines, PRESETS.items(), strict=True):
            assert line.split()[:2] == [name, preset.weights_name]

    def test_json_tells_which_files_are_there(self, shown):
        facts = json.loads(shown("list", "--json"))
        assert facts.keys() == PRESETS.keys()
        assert facts["lite"]["present"] and facts["lite"]["megabytes"] > 0.5

    def test_missing_file_is_told_not_raised(self, shown, monkeypatch, tmp_path):
        from fcot_engine.errors import WeightsError

        def fail(name):
            raise WeightsError(f"The weights of {name} are not installed.")

        monkeypatch.setattr("fcot_engine.tracker.default_weights", fail)
        assert "not there" in shown("list").splitlines()[0]

    def test_broken_file_is_told_not_raised(self, shown, monkeypatch, tmp_path):
        path = tmp_path / "lite.safetensors"
        path.write_bytes(b"broken")
        monkeypatch.setattr("fcot_engine.tracker.default_weights", lambda _: path)
        assert "cannot be read" in shown("list").splitlines()[0]


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
        tensors = load_file(weights_file)
        tensors["fine.label_table"].view(-1)[3] += 1
        save_file(tensors, other, metadata=read_weights_info(weights_file))
        assert shown("verify", other).split()[-1] not in shown("verify", weights_file)

    def test_number_that_is_none_is_refused(self, refused, weights_file, tmp_path):
        other = tmp_path / "other.safetensors"
        tensors = load_file(weights_file)
        tensors["fine.label_table"].view(-1)[3] = torch.nan
        save_file(tensors, other, metadata=read_weights_info(weights_file))
        assert "fine.label_table is not finite" in refused("verify", other)

    def test_tensor_that_is_missing_is_refused(self, refused, weights_file, tmp_path):
        other = tmp_path / "other.safetensors"
        tensors = load_file(weights_file)
        del tensors["fine.label_table"]
        save_file(tensors, other, metadata=read_weights_info(weights_file))
        assert "missing fine.label_table" in refused("verify", other)


class TestFilesThatAreNone:
    @pytest.mark.parametrize("part", ["show", "verify"])
    def test_unknown_name(self, refused, part):
        line = refused(part, "nothing")
        assert "'nothing'" in line and "lite" in line

    @pytest.mark.parametrize("part", ["show", "verify"])
    def test_other_file(self, refused, tmp_path, part):
        path = tmp_path / "text.safetensors"
        path.write_text("text")
        assert "cannot be read" in refused(part, path)

    @pytest.mark.parametrize("part", ["show", "verify"])
    def test_checkpoint_is_told_to_be_imported(self, refused, tmp_path, part):
        path = tmp_path / "fcot.pth"
        torch.save({"net": {}}, path)
        assert "fcot weights import fcot.pth" in refused(part, path)


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
        assert "--force" in refused("import", tmp_path / "fcot.pth")
        assert out.read_text() == "mine"
        shown("import", tmp_path / "fcot.pth", "--force")
        assert out.read_bytes() != b"mine"

    def test_checkpoint_is_never_overwritten(self, refused, fake_import, tmp_path):
        path = tmp_path / "fcot.pth"
        path.write_text("theirs")
        line = refused("import", path, "--out", path, "--force")
        assert "the checkpoint itself" in line
        assert path.read_text() == "theirs" and not fake_import

    def test_missing_checkpoint(self, refused, tmp_path):
        assert "nothing.pth cannot be read" in refused(
            "import", tmp_path / "nothing.pth"
        )

    def test_web_page_in_place_of_a_checkpoint(self, refused, tmp_path):
        path = tmp_path / "fcot.pth"
        path.write_text("<!DOCTYPE html><title>Quota exceeded</title>")
        assert "web page" in refused("import", path)
        assert not (tmp_path / "fcot.safetensors").exists()

    def test_checkpoint_of_another_network(self, refused, tmp_path):
        path = tmp_path / "fcot.pth"
        torch.save({"net": {"layer.weight": torch.ones(2)}}, path)
        assert "neither of FCOT nor of DiMP" in refused("import", path)


class TestUsage:
    def test_part_must_be_named(self, capsys):
        with pytest.raises(SystemExit) as caught:
            main(["weights"])
        assert caught.value.code == 2
        assert "PART" in capsys.readouterr().err

    def test_help_shows_the_parts(self, capsys):
        with pytest.raises(SystemExit):
            main(["weights", "--help"])
        text = capsys.readouterr().out
        assert all(part in text for part in ("import", "list", "show", "verify"))
