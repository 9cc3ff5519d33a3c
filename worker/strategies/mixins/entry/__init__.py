"""Entry rules: when to go long. No exit, no sizing."""
