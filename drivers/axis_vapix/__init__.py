"""Loudspeakers that speak VAPIX: µ-law in a POST without end."""

from drivers.axis_vapix.sink import AxisVapixConfig, AxisVapixSink, read_status

__all__ = ["AxisVapixConfig", "AxisVapixSink", "read_status"]
