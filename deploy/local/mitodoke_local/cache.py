"""Where fetched files are kept between runs and shared by every checkout."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """The user's cache folder for Mitodoke; MITODOKE_CACHE names another."""
    named = os.environ.get("MITODOKE_CACHE")
    return Path(named).expanduser().absolute() if named else Path(platformdirs.user_cache_path("mitodoke"))
