"""The mark of a list field whose items can be had encoded.

Rule: the field's metadata holds, under ENCODED, a function of (context, source, selection) that gives the JSON of the
whole list; it is used where what is selected of each item is the same for all viewers, and only then.
"""

ENCODED = "encoded"
