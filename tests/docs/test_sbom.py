"""The bill of materials names every package that the functions run with, at its version."""

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_bill_of_materials_names_every_package_of_the_functions_lock(tmp_path: Path) -> None:
    lock = ROOT / "requirements" / "runtime.lock"
    locked = {line.split(" ")[0] for line in lock.read_text().splitlines() if "==" in line and line[0].isalpha()}
    written = tmp_path / "sbom.json"
    [recipe] = [line for line in (ROOT / "Makefile").read_text().splitlines() if "cyclonedx-py" in line]
    command = recipe.strip().removeprefix("@").replace("docs/sbom.json", str(written)).split()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    components = json.loads(written.read_text())["components"]
    assert {f"{component['name']}=={component['version']}" for component in components} == locked
