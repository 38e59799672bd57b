"""The ops desk's own pages, next to Django's lists. Each checks its permissions per request."""
