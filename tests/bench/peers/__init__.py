"""Two programs as others would write the webhook, to compare with. Installed for this alone."""
