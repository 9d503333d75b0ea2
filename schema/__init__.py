"""What the API says: Strawberry types, one file a noun, each resolver one line that delegates.

Rule: an object type reads the record its resolver returned; the contract's names and descriptions live here, what they
mean lives below. `schema.graphql` is generated from here and committed.
"""
