"""What people see: the inventory, the consent page, the connections and the dashboard."""
