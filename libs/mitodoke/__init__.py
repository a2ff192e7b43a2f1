"""Mitodoke watches the chain of custody of data-bearing drives."""
