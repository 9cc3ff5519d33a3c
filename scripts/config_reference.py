"""Print docs/configuration.md: python scripts/config_reference.py > docs/configuration.md"""

from common.spec.reference import page

print(page(), end="")
