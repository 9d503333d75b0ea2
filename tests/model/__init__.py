"""An explicit-state model of the cache protocol, and the real classes run under every order of their awaits."""
