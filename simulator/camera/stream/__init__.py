"""From pictures to RTSP: encoding, pacing and the RTSP server; it knows no ONVIF."""
