"""How an operator reaches the running service: the socket, where it is, what may be asked, what is answered.

Desired state is never changed here: that is written to the database.
"""
