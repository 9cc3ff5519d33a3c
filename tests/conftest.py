"""Fixtures of all tests: databases come from `databases`."""

from __future__ import annotations

pytest_plugins = ["databases"]
