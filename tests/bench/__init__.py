"""`make bench`: how near the product comes to what the machine allows, as ratios in one run.

Every figure is a ratio to a floor that is measured beside it, so that it means the same on any
machine: the floor is the smallest program that does the same work (tests/bench/floor.py), or one
bare statement.
"""
