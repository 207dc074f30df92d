"""What is made of the code's registrations is committed as it is made."""

import pytest

from infra.documents.generate import ROOT, documents

DOCUMENTS = {str(path.relative_to(ROOT)): text for path, text in documents().items()}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_what_is_committed_is_what_the_code_says(path: str) -> None:
    assert (ROOT / path).read_text() == DOCUMENTS[path], "run make docs"
