"""The operating system's side of supervision: births, deaths, signals, and who survived.

Knows processes by (pid, create time) and lives by their incarnation. It decides nothing (that is
`supervisor.reconcile`), talks to no worker (`supervisor.intake`), and never reads a bot's config.
"""
