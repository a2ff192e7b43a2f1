"""The case of 2019 replayed on the real system, and what the system says of it.

python -m mitodoke_demo                    start a system of its own, replay, report, take it down
python -m mitodoke_demo --running FILE     replay into the system that runs, as FILE describes it
"""
