"""What every test runs with."""

import functools
import gc
import os
from collections.abc import Iterator

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import settings

pytest.register_assert_rewrite("tests.support")

# The same examples every time: what a run finds, the next run finds too.
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives to the end of the run: modules, and the tests themselves."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(autouse=True, scope="session")
def every_answer_is_documented() -> Iterator[None]:
    """What a service answers in any test, its API document lists."""
    from tests.support.documented import only_documented_statuses  # only here: its assertions are rewritten first

    with only_documented_statuses():
        yield


@pytest.fixture(autouse=True, scope="session")
def service_models_are_parsed_once() -> Iterator[None]:
    """A mock of AWS begins with a new session, which would parse the models of all its clients' services again."""
    load = functools.cache(JSONFileLoader().load_file)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(JSONFileLoader, "load_file", lambda _, path: load(path))
        yield


@pytest.fixture(autouse=True, scope="session")
def no_aws_account() -> Iterator[None]:
    """No test reaches an account of anybody's, whatever the environment holds."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
            environment.delenv(name, raising=False)
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield
