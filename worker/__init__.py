"""One bot in one process: trades, journals, reports. It knows no database and no other bot.

Never imports the supervisor; the two meet as bytes on a socket and as a process.
"""
