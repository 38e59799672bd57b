"""The control API under /local/: what scripts and tests turn, and where they read the truth.

It has no equal on Kick.
"""
