"""What should happen next: pure functions from desired and observed state to a list of actions.

A row becomes a wish (`desire`), wishes and lives become actions (`decide`), an exit becomes a history of
restarts (`restarts`), and all of it becomes the word that the row's status shall say (`status`). Times are
monotonic seconds that the caller hands in. No clock, no randomness, no I/O and no logging ever lives here.
"""
