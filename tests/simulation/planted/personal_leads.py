"""Planted leaks of what leads to what is personal: keys outside the vault, and phones beside their customers."""

from functions.customers import api, keys, publish, service
from functions.customers.domain import Customer
from tests.simulation import restoration
from tests.simulation.check.personal import BESIDE, FOUND_BY, KEPT, SEALED
from tests.simulation.check.restored import RESTORED
from tests.simulation.planted.bug import Bug, Edit, Set

BOUND = "bind_request(key.digest)"
LOG = "\n    from functions.kernel.runtime import observe\n    observe.logger().info"
KEY_FOUND = '__import__("functions.customers.keys", fromlist=["find"]).find(customer.id)'


def _logged(name: str, what: str, of_key: str) -> Bug:
    return Bug(name, what, (KEPT,), (Edit(service.register, BOUND, f'{BOUND}{LOG}("made", extra={{"it": {of_key}}})'),))


KEYS = (
    _logged(
        "personal: a key in a log line",
        "A registration logs the customer's key in base64.",
        '__import__("base64").b64encode(key.secret).decode()',
    ),
    _logged("personal: a key logged as bytes", "A registration logs the customer's key as it is.", "key.secret"),
    _logged("personal: a key logged in hexadecimal", "A registration logs the customer's key.", "key.secret.hex()"),
    _logged(
        "personal: a wrapped key in a log line",
        "A registration logs the row of the vault, which opens for as long as the log is kept.",
        "runtime.current().vault.get(keys.partition_of(new_id), keys.KEY)",
    ),
    Bug(
        "personal: a key in a message",
        "The events of customers have the key.",
        (KEPT,),
        (
            Edit(
                publish._state,
                '"language": customer.language,',
                '"language": __import__("base64").urlsafe_b64encode(\n'
                f'            getattr({KEY_FOUND}, "secret", b"")).decode() or "en",',
            ),
        ),
    ),
    Bug(
        "personal: a key in an idempotent answer",
        "The answer to a registration has the key, each time that it is asked for.",
        (KEPT,),
        (
            Edit(
                api.register_customer,
                "return Created(id=service.register(body.name, body.sms_number, body.language))",
                "id = service.register(body.name, body.sms_number, body.language)\n"
                '    key = __import__("functions.customers.keys", fromlist=["find"]).find(id)\n'
                "    return Created(id=f'{id} {key.secret.hex()}' if key else id)",
            ),
        ),
    ),
)

PHONES = (
    Bug(
        "personal: a phone beside its customer in a log line",
        "A registration logs the customer's id and the digest of the phone.",
        (BESIDE,),
        (
            Edit(
                service.register,
                BOUND,
                f"{BOUND}\n    from functions.customers import codes{LOG}(\n"
                '        "registered", extra={"customer": new_id, "phone": codes.phone_id(sms_number)})',
            ),
        ),
    ),
    Bug(
        "personal: a phone in the row of its customer's key",
        "A change of number keeps the digest of the phone beside the key too.",
        (BESIDE,),
        (
            Edit(
                keys.follow,
                "return [*moved,",
                "row = runtime.current().vault.get(partition_of(after.id), KEY) or {}\n"
                "        if moved and before.registered_at and 'key' in row:\n"
                "            moved = [*moved, RowWrite(partition_of(after.id), KEY, {**row, 'phone': new[0]})]\n"
                "        return [*moved,",
            ),
        ),
    ),
    Bug(
        "personal: a phone of before, marked as such",
        "A change of number leaves the digest of the one before, with the time until which it counted.",
        (FOUND_BY, BESIDE),
        (Edit(keys.follow, "*_digest(old, None), ", '*_digest(old, {"until": clock.stamp()} if new else None), '),),
    ),
)

PLACES = (
    Bug(
        "personal: what was sealed for another event",
        "A change of number seals the number for the event of the registration.",
        (SEALED,),
        (Edit(Customer.change_sms_number, "NUMBER, self.next_version", "NUMBER, 1"),),
    ),
    Bug(
        "personal: what was sealed before, once more",
        "A change of number records what the registration sealed.",
        (SEALED,),
        (
            Edit(
                Customer.change_sms_number,
                "SmsChanged(key.seal(sms_number, NUMBER, self.next_version))",
                "SmsChanged(self.sms_number)",
            ),
        ),
    ),
)

AFTERWARDS = (
    Bug(
        "personal: a phone left after a restoration",
        "After a restoration phones are not written anew: one of before leads to whom nobody can erase.",
        (RESTORED,),
        (Set(restoration, "drop_phones", lambda cloud: None),),
    ),
)

BUGS = (*KEYS, *PHONES, *PLACES, *AFTERWARDS)
