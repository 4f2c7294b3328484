"""One gateway: it watches its cameras, drives its loudspeakers and reports to the centre."""
