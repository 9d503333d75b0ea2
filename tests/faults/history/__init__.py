"""A history checker and a fault lab: `python -m tests.faults.history`.

records.py is what a run leaves behind, checker.py judges it, load.py makes it, nemesis.py disturbs it, scenarios.py says
which disturbances there are and what each may cost.
"""
