"""Dosing profiles: TOML files for people, read into programmes for the pump.

The format is declared in declarations.py; its reference page is host_tools/docs/profile.md.
"""

from titrate.profile.loader import Profile, load_profile, parse_profile
from titrate.profile.problems import Problem, ProfileError
from titrate.profile.writer import profile_to_text

__all__ = [
    "Problem",
    "Profile",
    "ProfileError",
    "load_profile",
    "parse_profile",
    "profile_to_text",
]
