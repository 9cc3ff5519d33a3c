"""The product's own files, as the tree holds them."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("common", "supervisor", "worker")
PURE = ("common/spec", "common/trading", "supervisor/reconcile", "worker/book", "worker/risk")


def modules(*places: str) -> Iterator[Path]:
    """Python files below these folders, and those of the migrations."""
    for place in places:
        yield from sorted(path for path in (ROOT / place).rglob("*.py") if "__pycache__" not in path.parts)


def product_modules() -> Iterator[Path]:
    return modules(*PACKAGES, "alembic")


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def shown(path: Path, node: ast.AST | None = None) -> str:
    """File and line as a person looks them up."""
    line = getattr(node, "lineno", None)
    return str(path.relative_to(ROOT)) + (f":{line}" if line else "")


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Dotted names of what is called, as written, with from-imports spelled out."""
    tree = tree_of(path)
    origins = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, _, rest = ast.unparse(node.func).partition(".")
            name = origins.get(first, first)
            yield f"{name}.{rest}" if rest else name, node


def options() -> configparser.SectionProxy:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config["options"]
