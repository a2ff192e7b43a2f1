"""The findings: facts that break a rule. One small pure function a finding, in a module named for what it guards.

To add one: write its function and its `Rule` in the module that guards the thing, name the
module in `catalogue.py` if it is new, and give it a table in `tests/unit/findings/`.
"""
