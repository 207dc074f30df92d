"""What a function finds to import as deployed, apart from everything else that is installed here.

Packages are linked from this environment, which has them in the versions of requirements/runtime.lock.
"""

import tomllib
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).parents[2]
OF_LAMBDA = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "urllib3", "six")  # boto3's own


def link_layer(folder: Path, without: str = "") -> Path:
    """The packages of the layer, all or all but one, in a folder."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    wanted = {requirement.partition("==")[0] for requirement in groups["runtime"]}
    return _link(folder, _with_dependencies(wanted) - {without})


def link_boto3(folder: Path) -> Path:
    """What Lambda's runtime brings, in a folder."""
    return _link(folder, set(OF_LAMBDA))


def _with_dependencies(names: set[str]) -> set[str]:
    """These packages and those of them that runtime.lock installs with them."""
    lock = (ROOT / "requirements/runtime.lock").read_text().splitlines()
    return names | {line.partition("==")[0].strip() for line in lock if "==" in line and line[:1].isalnum()}


def _link(folder: Path, names: set[str]) -> Path:
    """Link what packages install into a folder, with their metadata, which pydantic looks through for plugins."""
    folder.mkdir()
    for name in names:
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}:
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(str(found.locate_file(top))))
    return folder
