"""The pass over the syntax tree, and the population."""

from tests.simulation.templates import Deployed
from tests.strength.mutants import mutants_of
from tests.strength.population import ROOT, TEMPLATES, files, population
from tests.strength.template_mutants import template_mutants

MODULE = '''"""A module."""

inbox.drain(OrderPaid)


@inbox.on(OrderPaid, limit=3)
def settle(event: OrderPaid) -> None:
    log.info("settled", amount=event.amount)
    if event.amount > 0 and not event.free:
        service.settle(event.order_id, reason="for people to read")
    try:
        service.note("é", key=event.id)
    except ValueError:
        raise RefusedError("a text for people")
'''


def operators(text: str) -> set[str]:
    """The operators of the mutants whose changed source contains a text."""
    return {it.operator for it in mutants_of("a.py", MODULE) if text in it.mutated}


def test_decorated_functions_and_registrations_are_reached() -> None:
    found = {(it.function, it.operator) for it in mutants_of("a.py", MODULE)}
    assert {
        ("settle", "registration removed"),
        ("settle", "condition negated"),
        ("settle", "statement removed"),
        ("settle", "error swallowed"),
        ("<module>", "statement removed"),
    } <= found


def test_each_operator_makes_its_change() -> None:
    assert operators("if not (event.amount > 0 and not event.free)") == {"condition negated"}
    assert operators("event.amount >= 0") == {"comparison changed"}
    assert operators("((event.amount > 0) or (not event.free))") == {"condition changed"}
    assert operators("limit=4") == {"constant changed"}
    assert operators("@inbox.on(OrderPaid)") == {"argument dropped"}


def test_a_change_after_letters_of_two_bytes_is_at_its_place() -> None:
    assert operators('service.note("é")') == set()
    assert operators("service.note('é')") == {"argument dropped"}


def test_logs_and_texts_for_people_are_left_out() -> None:
    untouched = ('log.info("settled", amount=event.amount)', '"for people to read"', '"a text for people"')
    for mutant in mutants_of("a.py", MODULE):
        if mutant.operator == "constant changed":
            assert all(text in mutant.mutated for text in untouched)
        assert untouched[0] in mutant.mutated


def test_identities_stay_when_other_code_is_added() -> None:
    before = {it.identity for it in mutants_of("a.py", MODULE)}
    after = {
        it.identity for it in mutants_of("a.py", "TEN = 10\n\n" + MODULE + "\n\ndef other() -> None:\n    run()\n")
    }
    assert before < after


def test_every_mutant_of_the_population_has_an_identity_of_its_own_and_differs_from_its_source() -> None:
    everything = population()
    assert len({it.identity for it in everything}) == len(everything)
    assert all(it.mutated != it.source for it in everything)


def test_templates_have_mutants_of_each_kind() -> None:
    found = template_mutants(TEMPLATES)
    assert {it.operator for it in found} == {
        "constant changed",
        "dead letters removed",
        "entry removed",
        "filter removed",
        "flag turned",
        "part removed",
    }
    for mutant in found:
        Deployed.model_validate_json(mutant.mutated)


def test_the_kernel_and_the_rooms_of_services_have_mutants_but_logs_and_metering_have_none() -> None:
    names = {str(path.relative_to(ROOT)) for path in files()}
    assert {"functions/kernel/messaging/inbox.py", "functions/payments/inbox.py", "functions/depot/domain.py"} <= names
    assert "functions/kernel/runtime/observe.py" not in names
    assert not any("/live/" in name or name.endswith("/cost.py") for name in names)
