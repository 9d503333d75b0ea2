"""Copies of what the store holds, in the process and in Redis.

Rule: a copy is used only if it can prove itself complete and not older than the head row that the request read from
the store. A cache that fails costs time and is counted; it never changes an answer.
"""
