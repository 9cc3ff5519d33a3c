"""Everything that crosses from a worker to the supervisor and back, and the ticket a life is born with.

Frozen pydantic models and their encoding as JSON bytes; no sockets, no files.
"""
