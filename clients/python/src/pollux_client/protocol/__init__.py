"""Protocol: what the client does, as state without I/O. Inputs go in with a time in ms; actions, events and the time of the
next wake-up come out.

Rule: nothing here imports what can wait, read a clock or draw a random number; both are passed in.
"""
