"""The demo: `make demo`, and `manage.py demo --once` for scripts and tests."""
