"""`botctl`: what an operator types. Reads and writes desired state; asks the supervisor only for live facts.

Every command prints a table for people or, with --json, JSON for programs, and exits non-zero on failure.
Nothing here touches a process.
"""
