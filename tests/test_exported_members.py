"""`__all__` says the truth, in every module of both packages.

That it is sorted is ruff's rule RUF022.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
FILES = [
    pytest.param(path, id=str(path.relative_to(REPOSITORY)))
    for package in ("fcot_engine", "napari_fcot")
    for path in sorted((REPOSITORY / package).rglob("*.py"))
    if path.name != "__main__.py"
]


def module_name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def defined_names(tree: ast.Module) -> set[str]:
    """Public functions and classes that a module defines itself."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = {node.name for node in tree.body if isinstance(node, kinds)}
    return {name for name in names if not name.startswith("_")}


def imported_names(tree: ast.Module) -> set[str]:
    """Public names that a package takes over from its own modules."""
    names = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[0] in ("fcot_engine", "napari_fcot")
        for alias in node.names
    }
    return {name for name in names if not name.startswith("_")}


def exported_names(path: Path) -> list[str] | None:
    if path.is_relative_to(REPOSITORY / "napari_fcot"):
        pytest.importorskip("napari")
    exported = getattr(importlib.import_module(module_name(path)), "__all__", None)
    return None if exported is None else list(exported)


@pytest.mark.parametrize("path", FILES)
class TestAll:
    def test_no_name_comes_twice(self, path):
        exported = exported_names(path) or []
        assert len(exported) == len(set(exported))

    def test_names_exist(self, path):
        module = importlib.import_module(module_name(path))
        missing = [n for n in exported_names(path) or [] if not hasattr(module, n)]
        assert missing == []

    def test_public_names_are_exported(self, path):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        public = defined_names(tree)
        if path.name == "__init__.py":
            public |= imported_names(tree)
        assert public <= set(exported_names(path) or [])
