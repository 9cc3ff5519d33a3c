"""Fault injection: plans of faults, the hands that carry them out, and the comparison at the end."""
