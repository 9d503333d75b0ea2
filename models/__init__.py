"""Truth: the tables, the statements that read and write them, and the rules that need no I/O.

Rule: the database's primary orders and remembers. Numbers are given out in the transaction that makes the change,
under the row lock of the channel or inbox they belong to, so that number order is commit order, without gaps.
"""
