"""What is kept and for how long: retention, legal holds, and the count of what was deleted."""
