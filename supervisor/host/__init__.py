"""What the service keeps on this host: its folders and locks, the word it left behind, its name, the merged log files.

Nothing here knows a bot, a process or the database.
"""
