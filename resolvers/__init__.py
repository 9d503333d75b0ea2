"""What each operation does: authorize, clamp, call. Plain Python, no GraphQL.

Rule: nothing is read for a viewer before their head row says that they may see it; what they may not see is as if
missing.
"""
