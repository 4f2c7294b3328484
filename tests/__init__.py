"""Tests of the whole house; shared fakes are imported as tests.fakes."""
