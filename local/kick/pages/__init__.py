"""Pages for people: inventory, consent, connections and dashboard."""
