"""One RTSP stream over TCP, read by ourselves: words, packets, pictures, what they need to be decoded."""
