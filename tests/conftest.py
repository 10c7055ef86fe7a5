"""What all tests share."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A busy machine is no error of the code under test.
settings.register_profile("cavok", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cavok")
