"""Print docs/settings.md: python scripts/settings_reference.py > docs/settings.md"""

from supervisor.settings import settings_table

HEADER = """# Settings

Environment variables of the service. They are validated together at start; each mistake gets one line that names
the variable, its value and the rule. `botctl` reads the same variables, so run it with the same environment as the
supervisor. Options of `python -m supervisor` (`--help` lists them) stand above the environment.

Durations are in seconds. A relative folder is relative to the working directory, `~` is the home folder. An empty
variable counts as absent.

"""


def page() -> str:
    """The whole page."""
    return HEADER + settings_table()


if __name__ == "__main__":
    print(page(), end="")
