"""What tests of runs share: the example method installed, a project, a person."""

from tests.runs import *  # noqa: F403
