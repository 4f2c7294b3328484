"""The gateway's conversation with the centre over MQTT."""
