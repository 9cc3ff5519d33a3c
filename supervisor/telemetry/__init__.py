"""What the service measures of itself, and how others read it: Prometheus metrics and health over HTTP.

The control loop and the recorder tell a meter what happened; an HTTP thread answers from what was told last and asks
nobody. Nothing here decides anything, and nothing here may slow the loop down.
"""
