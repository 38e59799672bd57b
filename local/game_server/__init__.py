"""A game server for the demo: it receives webhooks, delivers items, and shows inventories.

It delivers as `examples/python/game_server.py` does, and adds the pages. It uses only the REST API
and webhooks, like any game server.
"""
