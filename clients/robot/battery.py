"""The robot's battery: when it charges, and what it says of a low one."""

from clients.robot.judging import error
from clients.robot.memory import Memory
from events.vda5050 import errors

NOTHING = 1e-6  # percent: what is left by rounding
LOW, FULL = 20.0, 99.9  # percent


def mind(memory: Memory) -> None:
    """Charge while the robot is idle, and keep the errors in step with the charge."""
    memory.charging = memory.idle and memory.charge < FULL
    known = {each.error_type for each in memory.errors}
    hint = "let it stand and charge"
    if memory.charge < LOW and errors.BATTERY_LOW not in known:
        memory.report(error(errors.BATTERY_LOW, f"less than {LOW:.0f} % are left", hint))
    if memory.charge <= NOTHING and errors.BATTERY_EMPTY not in known:
        memory.report(error(errors.BATTERY_EMPTY, "nothing is left: the robot stands still", hint))
    if memory.charge >= LOW:
        if errors.BATTERY_EMPTY in known and memory.mode.takes_orders:
            memory.withdraw(errors.MOBILE_ROBOT_NOT_AVAILABLE)
        memory.withdraw(errors.BATTERY_LOW, errors.BATTERY_EMPTY)
