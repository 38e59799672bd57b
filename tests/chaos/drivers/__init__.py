"""Who uses the system while it fails: a thread each, that takes failures in its stride."""
