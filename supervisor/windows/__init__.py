"""The service as Windows runs it: installed, started and stopped by its service control manager."""
