"""A simulated IP loudspeaker: hears G.711 over RTP on a real socket and records what it plays."""
