"""Print docs/settings.md from the settings model."""

from supervisor.settings import settings_table

HEADER = """# Settings

Environment variables of the service. They are validated together at start; each mistake gets one line.
`botctl` reads the same variables, so run it with the same environment as the supervisor.

"""

if __name__ == "__main__":
    print(HEADER + settings_table(), end="")
