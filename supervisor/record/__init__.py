"""What the control loop has written down: incidents, recoveries, the words in the rows, the story of each life.

Every method hands a command to the recorder and returns. Nothing here reads the database or waits for it.
"""
