"""Loudspeakers, cameras and intercoms that speak ISAPI's two-way audio."""

from drivers.hikvision_isapi.sink import (
    HikvisionIsapiConfig,
    HikvisionIsapiSink,
    read_status,
)

__all__ = ["HikvisionIsapiConfig", "HikvisionIsapiSink", "read_status"]
