"""What people are told: which facts are news, for whom, in which words, and how the words get there.

Deciding and phrasing are pure; one thread, the postman's, has the queue and a database connection of its own, and
each attempt to send runs on a thread of its own with a time limit. Nothing here is ever waited for by the control loop
or the recorder, nothing here decides about a bot, and only `sender` knows apprise.
"""
