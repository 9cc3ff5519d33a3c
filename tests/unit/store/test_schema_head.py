"""The revision written into the program is the newest one of the history."""

from supervisor.store.history import newest_revision
from supervisor.store.schema import HEAD


def test_the_program_names_the_newest_revision_of_the_history() -> None:
    assert newest_revision() == HEAD
