"""What all tests share."""

import os

from hypothesis import settings

# How fast a machine is says nothing about a law. CI draws the same examples each time; elsewhere new ones are tried.
settings.register_profile("any machine", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("any machine")
