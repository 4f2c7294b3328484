"""A broadcast found in a recording: pure, numpy only."""
