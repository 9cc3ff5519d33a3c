"""How large an entry may be, whether it may be made at all, and at which prices a position must be left.

Pure functions of the spec and the situation; they never see an order, a venue or a clock.
"""
