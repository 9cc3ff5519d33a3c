"""What workers tell us: the socket, who is who on it, and the poll that waits for it.

Frames come in, acknowledgements and commands go out. Nothing here knows what a fact means, touches the
database, or decides what a bot should do.
"""
