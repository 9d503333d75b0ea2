"""The frame: settings, wiring, HTTP edge, identity, processes, logs.

Rule: only wiring.py names concrete parts; only here are the environment, sockets and signals known.
"""
