"""Who may talk to whom: addresses, keys, and the handshake."""
