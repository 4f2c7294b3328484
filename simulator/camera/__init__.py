"""One simulated ONVIF camera: SOAP, snapshots and RTSP over real sockets, from a drawn scene or a recording."""
