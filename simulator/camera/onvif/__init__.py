"""What the simulated camera answers over HTTP and WS-Discovery; it never makes a picture."""
