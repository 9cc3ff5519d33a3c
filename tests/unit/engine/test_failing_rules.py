"""A rule that fails counts as "no"; an operator reads of it the first time, and then now and then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine_scenes import Record, flat, play


def failing(strategy: Any) -> None:
    strategy.desk.report_failure("DipMixin.should_enter", ZeroDivisionError("division by zero"))


def played(folder: Path, bars: int) -> Record:
    return play(folder, [flat(100.0)] * bars, dict.fromkeys(range(bars), failing))


def test_the_first_failure_is_an_incident_that_says_where_and_why(tmp_path: Path) -> None:
    (fact,) = played(tmp_path, 1).of("incident")
    assert (fact.severity, fact.error_class, fact.category) == ("error", "ZeroDivisionError", "strategy")
    assert fact.message == (
        "DipMixin.should_enter failed at bar 0 and counts as no: ZeroDivisionError: division by zero"
    )


def test_a_rule_that_fails_on_every_bar_is_reported_each_hundredth_time(tmp_path: Path) -> None:
    facts = played(tmp_path, 250).of("incident")
    assert [fact.details["count"] for fact in facts] == [1, 100, 200]
    assert facts[-1].message.endswith("200 times in this life")


def test_the_same_bar_has_the_same_key_in_every_life_so_that_it_is_recorded_once(tmp_path: Path) -> None:
    first, second = played(tmp_path, 250).of("incident"), played(tmp_path, 250).of("incident")
    assert [fact.incident_key for fact in first] == [fact.incident_key for fact in second]
    assert len({fact.incident_key for fact in first}) == 3
