"""The conformance kit: make conformance. The last line is JSON; exit 0 only if everything passed."""

import argparse
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from events.vda5050.topics import Topics
from tests.conformance.by_hand import BY_HAND
from tests.conformance.faulty.faults import Fault
from tests.conformance.faulty.gateways import GATEWAY_FAULTS
from tests.conformance.faulty.robots import ROBOT_FAULTS
from tests.conformance.gateway import PlayedGateway
from tests.conformance.gateways.bench import Bench
from tests.conformance.gateways.cases import GATEWAY_CASES
from tests.conformance.kit import Case, Cases, EndedError, Outcome, Result
from tests.conformance.links import MachineLink
from tests.conformance.remote import RemoteLink, attempts
from tests.conformance.robots.cases import ROBOT_CASES
from tests.conformance.sdk import master, translator, vehicle
from tests.conformance.sdk.translator import Translator
from tests.conformance.transport import Address, Paho

S = TypeVar("S", master.Sdk, vehicle.Sdk)

translators: list[Translator] = []  # of the cases that were run


def _kept(sdk: S) -> S:
    translators.append(sdk.translator)
    return sdk


OURS: list[tuple[Cases[Any], Callable[[], Any]]] = [
    (ROBOT_CASES, lambda: PlayedGateway(MachineLink())),
    (GATEWAY_CASES, Bench),
    (master.MASTER_CASES, lambda: _kept(master.Sdk())),
    (vehicle.VEHICLE_CASES, lambda: _kept(vehicle.Sdk())),
]
FAULTS: list[tuple[Cases[Any], Sequence[Fault]]] = [(ROBOT_CASES, ROBOT_FAULTS), (GATEWAY_CASES, GATEWAY_FAULTS)]


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="make conformance ARGS=…", description=__doc__)
    parser.add_argument("--case", default="", help="only cases whose name or section holds this text")
    parser.add_argument("--list", action="store_true", help="list the cases with their requirements, and run none")
    robot = parser.add_argument_group("a robot of your own, instead of ours and our gateway")
    robot.add_argument("--robot", metavar="URL", help="the broker that it is connected to: mqtts://host:port")
    robot.add_argument("--serial", help="its serial number, which is its robot id in the mall")
    robot.add_argument("--interface", default="mallbots-prod", help="first level of its topics (default: %(default)s)")
    robot.add_argument("--cert", help="the kit's own certificate, which may use the robot's topics")
    robot.add_argument("--key", help="the key of that certificate")
    robot.add_argument("--ca", help="the broker's CA")
    robot.add_argument("--patience", type=float, default=1.0, help="multiplies all waits (default: %(default)s)")
    options = parser.parse_args(given)
    if options.robot and not options.serial:
        parser.error("--robot needs --serial")
    if options.robot and urlsplit(options.robot).scheme not in ("mqtt", "mqtts"):
        parser.error("--robot is mqtts://host:port, or mqtt://host:port without TLS")
    return options


def main(given: Sequence[str] | None = None) -> int:
    """Run what is asked for; 0 if all of it passed."""
    options = arguments(given)
    if options.list:
        for case in [case for cases, _ in OURS for case in _chosen(cases, options.case)]:
            print(f"{case.section:8} {case.name}: {case.requirement}")
        return 0
    return _remote(options) if options.robot else _ours(options.case)


def _ours(text: str) -> int:
    results: list[Result] = []
    for cases, bench in OURS:
        results += _told(cases, cases.run(bench, [case.name for case in _chosen(cases, text)]))
    _tell_losses()
    caught, faults = 0, [(cases, fault) for cases, planted in FAULTS for fault in planted if text in fault.found_by]
    for cases, fault in faults:
        why = fault.why(cases)
        caught += (is_found := fault.is_told_by(why))
        print(f"faulty {cases.about}: {fault.name}: {'found' if is_found else 'NOT FOUND'} by {fault.found_by}: {why}")
    return _end(results, caught, len(faults))


def _tell_losses() -> None:
    """Print how large the translator between the versions is, and what it could not say in these runs."""
    lines = len(Path(str(translator.__file__)).read_text().splitlines())
    lost = sorted(set[str]().union(*(each.losses for each in translators)))
    if translators:
        print(f"\ntranslator between 3.0.0 and 2.1.0: {lines} lines; lost here: {'; '.join(lost) or 'nothing'}")


def _remote(options: argparse.Namespace) -> int:
    try:
        transport = Paho(Address(options.robot, options.cert, options.key, options.ca))
    except OSError as error:  # of the network, of TLS, of a file of the certificate
        print(f"the kit has no connection to {options.robot}: {error}", file=sys.stderr)
        return _end([], 0, 0)
    results: list[Result] = []
    cases = [case for case in _chosen(ROBOT_CASES, options.case) if case.name not in BY_HAND]
    try:
        link = RemoteLink(transport, Topics(options.interface), options.serial)
        for result in _told(ROBOT_CASES, attempts(link, cases, options.patience)):
            results.append(result)
        print("\nleft out, for they need a hand at the robot")
        for name in [case.name for case in _chosen(ROBOT_CASES, options.case) if case.name in BY_HAND]:
            print(f"  {name}: {BY_HAND[name].steps} Expected: {BY_HAND[name].expected}")
    except (EndedError, ConnectionError) as ended:
        print(f"ended after {len(results)} of {len(cases)} cases: {ended}", file=sys.stderr)
        return _end(results, 0, 0) or 1
    finally:
        transport.close()
    return _end(results, 0, 0)


def _told(cases: Cases[Any], results: Iterator[Result]) -> Iterator[Result]:
    """Print each result as it comes."""
    print(f"\n{cases.about}")
    for result in results:
        case = cases.known[result.case]
        print(f"  {result.outcome:8} {case.section:8} {case.name}{': ' + result.why if result.why else ''}", flush=True)
        yield result


def _chosen(cases: Cases[Any], text: str) -> list[Case[Any]]:
    return [case for case in cases.known.values() if text in case.name or text == case.section]


def _end(results: Sequence[Result], caught: int, faulty: int) -> int:
    """Print the summary; what was left out, or is advised alone, counts as no case."""
    tried = [result for result in results if result.outcome in (Outcome.PASSED, Outcome.FAILED)]
    passed = sum(result.outcome is Outcome.PASSED for result in tried)
    print()
    print(json.dumps({"cases": len(tried), "passed": passed, "faulty_caught": caught, "faulty": faulty}))
    return 0 if tried and passed == len(tried) and caught == faulty else 1


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # faulty robots send what no serializer likes
    logging.disable(logging.CRITICAL)
    sys.exit(main())
