"""What `botctl doctor` looks at: the host, the database, the running service.

Each check is a question with an answer and, when the answer is bad, what to do. Nothing here mends anything, and
nothing here is part of the running service.
"""
