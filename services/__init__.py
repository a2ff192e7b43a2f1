"""The processes of Mitodoke, a folder each."""
