"""The one place that imports backtrader, without what it would pull in.

With TA-Lib installed, `import backtrader` imports it and numpy: tens of megabytes per worker and a thread of the
linear algebra library, which a fork server must not have. TA-Lib is hidden from that import and from nothing else.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


def _import_alone() -> Any:
    hidden: dict[str, ModuleType | None] = {"talib": sys.modules.get("talib")}
    known = "talib" in sys.modules
    sys.modules["talib"] = None  # type: ignore[assignment]
    try:
        import backtrader
    finally:
        del sys.modules["talib"]
        if known:
            sys.modules.update(hidden)  # type: ignore[arg-type]
    return backtrader


bt: Any = _import_alone()
