"""The service as systemd sees it: what it is told while the service runs, and the unit it starts the service by."""
