"""The control API under /local/, for scripts and tests. Kick has nothing like it."""
