"""Who stays where: figures followed, intrusion, loitering and crowding. Pure."""
