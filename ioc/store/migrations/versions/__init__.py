"""One module per revision, named after what it brings."""
