"""Rules of the commune's own: what calls people beside what gateways decide, written in YAML."""
