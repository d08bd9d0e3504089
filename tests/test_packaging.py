"""What is installed is complete: manifest, weights, command, dependencies."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata as metadata
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("fcot_engine", "napari_fcot")
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
MANIFEST = yaml.safe_load((REPOSITORY / "napari.yaml").read_text(encoding="utf-8"))

MODULE_OF = {
    "pillow": "PIL",
    "PyQt6": "PyQt6",
    "scikit-image": "skimage",
}
"""Distributions whose module is not named like them."""

DISCOVER = """
import json, pathlib, npe2, napari_fcot
found = {
    result.manifest.name: result.manifest
    for result in npe2.PluginManifest.discover()
    if result.manifest is not None
}
manifest = found["napari-fcot"]
folder = pathlib.Path(napari_fcot.__file__).parent
text = (folder / "napari.yaml").read_text(encoding="utf-8")
print(json.dumps({
    "folder": str(folder.resolve()),
    "text": text,
    "version": manifest.package_version,
    "display_name": manifest.display_name,
    "commands": [command.id for command in manifest.contributions.commands or []],
}))
"""


def run_python(*arguments: str, cwd: Path) -> str:
    """Run this interpreter away from the repository's folder and return its output."""
    ran = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def tracked_files(*folders: str) -> set[str]:
    """Names of the files in git below some folders, without links."""
    ran = subprocess.run(
        ["git", "ls-files", "-z", *folders],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        pytest.skip("not a git checkout: nothing to compare the archives with")
    names = {name for name in ran.stdout.split("\0") if name}
    return {name for name in names if (REPOSITORY / name).is_file()}


@pytest.fixture(scope="module")
def archives(tmp_path_factory) -> Path:
    """A folder with an sdist, and a wheel that was built from that sdist."""
    folder = tmp_path_factory.mktemp("archives")
    run_python(
        *("-m", "build", "--no-isolation", "--outdir", str(folder), str(REPOSITORY)),
        cwd=folder,
    )
    return folder


@pytest.fixture(scope="module")
def wheel(archives) -> Path:
    return next(archives.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A folder with the wheel installed, nothing else."""
    target = tmp_path_factory.mktemp("installed")
    run_python(
        *("-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
        *("--no-compile", "--target", str(target), str(wheel)),
        cwd=target,
    )
    return target


class TestManifest:
    def test_one_source(self):
        inside = REPOSITORY / "napari_fcot" / "napari.yaml"
        assert inside.resolve() == REPOSITORY / "napari.yaml"

    def test_name_is_the_distribution(self):
        assert MANIFEST["name"] == PROJECT["name"]

    def test_is_found_in_an_installed_wheel(self, installed, tmp_path):
        code = f"import sys; sys.path.insert(0, {str(installed)!r})\n{DISCOVER}"
        found = json.loads(run_python("-c", code, cwd=tmp_path))
        assert found["folder"] == str((installed / "napari_fcot").resolve())
        self.check_found(found)

    def test_is_found_in_the_editable_install(self, tmp_path):
        found = json.loads(run_python("-c", DISCOVER, cwd=tmp_path))
        assert found["folder"] == str(REPOSITORY / "napari_fcot")
        self.check_found(found)

    @staticmethod
    def check_found(found: dict[str, object]) -> None:
        assert yaml.safe_load(str(found["text"])) == MANIFEST
        assert found["version"] == PROJECT["version"]
        assert found["display_name"] == MANIFEST["display_name"]
        commands = MANIFEST.get("contributions", {}).get("commands", [])
        assert found["commands"] == [command["id"] for command in commands]

    def test_every_python_name_can_be_imported(self):
        for name in python_names(MANIFEST):
            module, _, attributes = name.partition(":")
            found = importlib.import_module(module)
            for attribute in attributes.split("."):
                found = getattr(found, attribute)
            assert callable(found), name


def python_names(node: object) -> Iterator[str]:
    """Every `python_name` in a manifest, at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "python_name":
                yield value
            else:
                yield from python_names(value)
    elif isinstance(node, list):
        for item in node:
            yield from python_names(item)


class TestArchives:
    def test_wheel_holds_both_packages_and_no_more(self, wheel):
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if ".dist-info/" not in name]
        assert len(names) == len(set(names))
        assert {name.split("/")[0] for name in names} == set(PACKAGES)
        assert tracked_files(*PACKAGES) - set(names) == set()

    def test_wheel_carries_license_and_typing_marks(self, wheel):
        with zipfile.ZipFile(wheel) as archive:
            names = set(archive.namelist())
        assert {f"{package}/py.typed" for package in PACKAGES} <= names
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)

    def test_sdist_can_be_tested(self, archives):
        with tarfile.open(next(archives.glob("*.tar.gz"))) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        wanted = tracked_files(*PACKAGES, "tests", "docs", "scripts")
        assert wanted | {"napari.yaml", "Makefile", "constraints.txt"} <= names


class TestCommand:
    def test_fcot_is_installed(self):
        (command,) = metadata.entry_points(group="console_scripts", name="fcot")
        assert callable(command.load())


def third_party_modules(package: str) -> set[str]:
    """Top-level modules, not ours and not Python's, that a package imports."""
    names = set()
    for path in (REPOSITORY / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(str(node.module).split(".")[0])
    return names - set(sys.stdlib_module_names) - set(PACKAGES)


def modules_of(requirements: list[str]) -> set[str]:
    """Modules that come with a list of requirements."""
    names = [re.split(r"[<>=!~\[; ]", line)[0] for line in requirements]
    return {MODULE_OF.get(name, name.replace("-", "_")) for name in names}


class TestDependencies:
    def test_engine_imports_only_what_base_and_train_bring(self):
        extras = PROJECT["optional-dependencies"]
        brought = modules_of(PROJECT["dependencies"] + extras["train"])
        assert third_party_modules("fcot_engine") - brought == set()

    def test_plugin_imports_only_what_base_and_napari_bring(self):
        extras = PROJECT["optional-dependencies"]
        brought = modules_of(PROJECT["dependencies"] + extras["napari"])
        assert third_party_modules("napari_fcot") - brought == set()

    def test_base_brings_no_screen(self):
        screen = {"napari", "PyQt5", "PyQt6", "PySide2", "PySide6", "qtpy"}
        assert modules_of(PROJECT["dependencies"]) & screen == set()

    def test_constraints_pin_versions_and_name_no_place(self):
        lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
        pins = [line for line in lines if line and not line.startswith("#")]
        wrong = [p for p in pins if not re.fullmatch(r"[\w.-]+==[\w.!]+", p)]
        assert wrong == []

    def test_constraints_pin_every_dependency(self):
        lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
        pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines}
        extras = PROJECT["optional-dependencies"]
        asked = [*PROJECT["dependencies"], *(r for e in extras.values() for r in e)]
        names = {re.split(r"[<>=!~\[; ]", line)[0].lower() for line in asked}
        assert names - pinned - {"napari-fcot"} == set()
