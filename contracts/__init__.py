"""The wire between gateways and the centre: topics, envelopes, events, commands; pure."""
