"""Strategies that do harm, each in a module of its own, and a well-behaved one."""

from __future__ import annotations

from pathlib import Path

HEAD = """import os
import re
import sys

from worker.strategies.contract import BotStrategy

"""

BODIES = {
    "RaisesAtBirth": """
    def __init__(self):
        super().__init__()
        raise RuntimeError("no broker for me")
""",
    "RaisesOnABar": """
    def on_bar(self):
        return {}["no such key"]
""",
    "Loops": """
    def on_bar(self):
        while True:
            pass
""",
    "HoldsTheInterpreter": """
    def on_bar(self):
        re.match("(a+)+$", "a" * 60 + "b")
""",
    "LeavesByZero": """
    def on_bar(self):
        os._exit(0)
""",
    "LeavesByThree": """
    def on_bar(self):
        os._exit(3)
""",
    "AsksToExit": """
    def on_bar(self):
        sys.exit("had enough")
""",
    "AsksToExitByZero": """
    def on_bar(self):
        sys.exit(0)
""",
    "Leaks": """
    kept = []

    def on_bar(self):
        if len(self.kept) < 30:
            self.kept.append(os.urandom(4_000_000))
""",
    "Prints": """
    printed = 0

    def on_bar(self):
        if self.printed < 8:
            print("x" * 1_000_000)
            os.write(2, b"y" * 1_000_000)
            self.printed += 1
""",
}


def write_harmful_plugins(folder: Path) -> Path:
    """One module for each, and two that do harm when they are imported."""
    folder.mkdir()
    for name, body in BODIES.items():
        (folder / f"{name.lower()}.py").write_text(f'{HEAD}\nclass {name}(BotStrategy):\n    """{name}."""\n{body}')
    (folder / "hangs.py").write_text(f"{HEAD}\nclass Hangs(BotStrategy):\n    pass\n\n\nwhile True:\n    pass\n")
    (folder / "quits.py").write_text(f"{HEAD}\nclass Quits(BotStrategy):\n    pass\n\n\nos._exit(5)\n")
    return folder
