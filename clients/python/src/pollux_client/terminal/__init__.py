"""Terminal: the command `pollux-client`. What is asked for goes to the output, everything about the connection to the errors."""
