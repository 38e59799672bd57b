"""Campaigns, rewards, items and mappings as one JSON file, for review and for other deployments.

    {"format": "studio-drops catalogue", "version": 1,
     "items": [{"sku", "name", "description"}],
     "rewards": [{"reward_id", "name", "external_id", "items": {sku: quantity}}],
     "campaigns": [{"campaign_id", "name", "category", "info_url", "starts_at", "ends_at",
                    "announcement_days", "grace_days", "channels", "is_test",
                    "rewards": {reward_id: minutes or null}}]}

An import replaces each row in the file completely. Rows that aren't in the file stay unchanged.
"""
