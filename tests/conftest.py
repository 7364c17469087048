"""What all tests share."""

from hypothesis import settings

settings.register_profile("any machine", deadline=None)  # how fast a machine is says nothing about a law
settings.load_profile("any machine")
