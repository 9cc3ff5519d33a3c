"""Mixins: the entry and the exit rules that CustomStrategy combines, one per file.

A mixin compares numbers of the current closed bar and remembers what its rule needs. It places no order, reads no
clock and logs nothing.
"""
