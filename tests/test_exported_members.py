"""Each package's `__init__` is its API, and `__all__` says what is in it.

That it is sorted is ruff's rule RUF022.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = [
    path.parent.relative_to(REPOSITORY)
    for package in ("fcot_engine", "napari_fcot")
    for path in sorted((REPOSITORY / package).rglob("__init__.py"))
]


def load(package: Path):
    if package.parts[0] == "napari_fcot":
        pytest.importorskip("napari")
    return importlib.import_module(".".join(package.parts))


def taken_over(package: Path) -> set[str]:
    """Public names that a package takes over from its own modules."""
    tree = ast.parse((REPOSITORY / package / "__init__.py").read_text(encoding="utf-8"))
    names = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[0] == package.parts[0]
        for alias in node.names
    }
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("package", PACKAGES, ids=str)
class TestAll:
    def test_names_exist_and_none_comes_twice(self, package):
        module = load(package)
        exported = list(getattr(module, "__all__", ()))
        assert [name for name in exported if not hasattr(module, name)] == []
        assert len(exported) == len(set(exported))

    def test_what_is_taken_over_is_exported(self, package):
        assert taken_over(package) <= set(getattr(load(package), "__all__", ()))
