"""What the pages say of the code is so."""

from __future__ import annotations

import re

from source_tree import ROOT


def test_the_tests_that_the_page_on_testing_names_are_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "testing.md").read_text()))
    written = {
        name for path in (ROOT / "tests").rglob("*.py") for name in re.findall(r"def (test_\w+)\(", path.read_text())
    }
    assert len(named) > 40
    assert named - written == set()
