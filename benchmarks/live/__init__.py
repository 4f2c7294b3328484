"""What the live benchmarks share: drawn streams, an RTSP server for them, and who watches them."""
