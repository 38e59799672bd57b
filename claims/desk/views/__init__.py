"""The ops desk's own pages, beside Django's lists: each asks for its permission by request."""
