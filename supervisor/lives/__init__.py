"""What is done to lives and what is heard of them: births and stops carried out, messages and deaths taken in.

Belongs to the control loop, between what `reconcile` decided and what the processes did. Nothing here decides, waits,
or speaks to a database.
"""
