"""Exit rules: when to close the open trade, and why. No entry, no percent stops of the risk section."""
