"""The engine's modules import only what stands to their left."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

LAYERS = (
    ("errors", "config", "atomic_write"),
    ("geometry",),
    ("ops",),
    ("model",),
    ("tracker",),
    ("video",),
    ("annotation",),
    ("formats", "sample", "released"),
    ("training",),
    ("evaluation",),
    ("cli",),
)
LEVEL_OF = {part: level for level, parts in enumerate(LAYERS) for part in parts}

FACADES = {"__init__", "__main__"}
"""Files at the top of the engine that may import every part."""

QT_LIBRARIES = {"PyQt5", "PyQt6", "PySide2", "PySide6", "qtpy", "superqt"}
SCREEN_LIBRARIES = QT_LIBRARIES | {"magicgui", "napari", "vispy"}


@dataclass(frozen=True)
class Import:
    """One imported module, and where."""

    module: str
    place: str


def imports_of(path: Path) -> Iterator[Import]:
    """Every import of a file: at the top, in functions, and for types only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            # `from package import module` may import a module as well
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            place = f"{path.relative_to(REPOSITORY)}:{node.lineno}"
            yield Import(name, place)


def source_files(package: str) -> list[Path]:
    return sorted((REPOSITORY / package).rglob("*.py"))


def part_of(path: Path) -> str:
    """The entry of `LAYERS` that a file of the engine belongs to."""
    first = path.relative_to(REPOSITORY / "fcot_engine").parts[0]
    return first.removesuffix(".py")


def engine_part(module: str) -> str | None:
    """The part of the engine that an import names, None for anything else."""
    package, *rest = module.split(".")
    if package != "fcot_engine":
        return None
    return rest[0] if rest and rest[0] in LEVEL_OF else "__init__"


@functools.cache
def engine_edges() -> list[tuple[str, str, str]]:
    """(importing part, imported part, place) for each import inside the engine."""
    return [
        (part_of(path), target, found.place)
        for path in source_files("fcot_engine")
        for found in imports_of(path)
        if (target := engine_part(found.module)) is not None
        and target != part_of(path)
        and part_of(path) not in FACADES
    ]


def is_module(name: str, *, inside: str) -> bool:
    """Whether a dotted name is a module within a package, and not the package."""
    return (
        name != inside
        and (REPOSITORY / name.replace(".", "/")).with_suffix(".py").is_file()
    )


class TestEngineOrder:
    def test_every_part_has_a_place_in_the_order(self):
        parts = {part_of(path) for path in source_files("fcot_engine")} - FACADES
        assert parts == set(LEVEL_OF)

    def test_imports_point_to_the_left(self):
        wrong = [
            f"{place}: {source} imports {target}"
            for source, target, place in engine_edges()
            if target in LEVEL_OF and LEVEL_OF[target] > LEVEL_OF[source]
        ]
        assert wrong == []

    def test_no_part_imports_the_facade(self):
        allowed = {"cli"}  # asks the facade for the version
        wrong = [
            f"{place}: {source} imports fcot_engine itself"
            for source, target, place in engine_edges()
            if target == "__init__" and source not in allowed
        ]
        assert wrong == []

    @pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: "+".join(layer))
    def test_neighbours_in_a_layer_have_no_cycle(self, layer):
        waiting = {
            part: {
                target
                for source, target, _ in engine_edges()
                if source == part and target in layer
            }
            for part in layer
        }
        while free := [part for part, needs in waiting.items() if not needs]:
            for part in free:
                del waiting[part]
            for needs in waiting.values():
                needs.difference_update(free)
        assert waiting == {}

    def test_document_draws_the_same_order(self):
        document = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
        drawn = " │ ".join(", ".join(parts) for parts in LAYERS)
        assert drawn in document


class TestPackages:
    def test_engine_never_imports_the_plugin(self):
        wrong = [
            found
            for path in source_files("fcot_engine")
            for found in imports_of(path)
            if found.module.split(".")[0] == "napari_fcot"
        ]
        assert wrong == []

    def test_engine_never_imports_a_screen_library(self):
        wrong = [
            found
            for path in source_files("fcot_engine")
            for found in imports_of(path)
            if found.module.split(".")[0] in SCREEN_LIBRARIES
        ]
        assert wrong == []

    def test_packages_import_each_other_through_their_init_alone(self):
        packages = {
            ".".join(path.parent.relative_to(REPOSITORY).parts)
            for package in ("fcot_engine", "napari_fcot")
            for path in (REPOSITORY / package).glob("*/__init__.py")
        }
        wrong = [
            f"{found.place}: {found.module}"
            for package in ("fcot_engine", "napari_fcot")
            for path in source_files(package)
            for found in imports_of(path)
            if (owner := ".".join(found.module.split(".")[:2])) in packages
            and owner != ".".join(path.relative_to(REPOSITORY).parts[:2])
            and is_module(".".join(found.module.split(".")[:-1]), inside=owner)
        ]
        assert wrong == []

    def test_no_relative_imports(self):
        wrong = [
            f"{path.relative_to(REPOSITORY)}:{node.lineno}"
            for package in ("fcot_engine", "napari_fcot")
            for path in source_files(package)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and node.level
        ]
        assert wrong == []


class TestImportsOf:
    def test_hidden_imports_are_seen(self, tmp_path, monkeypatch):
        monkeypatch.setattr(f"{__name__}.REPOSITORY", tmp_path, raising=True)
        path = tmp_path / "module.py"
        path.write_text(
            "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    import napari\n"
            "def f():\n    from fcot_engine import cli\n"
        )
        modules = {found.module for found in imports_of(path)}
        assert modules == {"typing.TYPE_CHECKING", "napari", "fcot_engine.cli"}
