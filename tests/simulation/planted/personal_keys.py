"""Planted leaks of keys and digests: what can be read after an erasure, and phones that lead to the erased."""

from functions.customers import codes, keys, service
from functions.customers.sealing import CustomerKey, _sealed
from functions.kernel.eventstore.vault import DynamoVault
from tests.simulation import holdings
from tests.simulation.check.personal import (
    DIGESTED,
    ENTERED,
    FORGOTTEN,
    FOUND_BY,
    OUTSIDE,
    SEALED,
    UNRECOVERABLE,
    UNTEXTED,
    UNTOLD,
)
from tests.simulation.check.restored import RESTORED
from tests.simulation.planted.bug import Bug, Edit, Set

READ_KEY = "return _unwrapped(customer_id, runtime.current().vault.get(partition_of(customer_id), KEY))"
KEPT_IN_CONTAINER = 'runtime.current().adapters.setdefault("kept", {})'


KEYS = (
    Bug(
        "personal: a key kept by a container",
        "A container keeps customers' keys for as long as it lives.",
        (FORGOTTEN, UNTOLD, UNTEXTED),
        (
            Edit(
                keys.find,
                READ_KEY,
                f"kept = {KEPT_IN_CONTAINER}\n"
                "    found = kept.get(customer_id) or _unwrapped(\n"
                "        customer_id, runtime.current().vault.get(partition_of(customer_id), KEY))\n"
                "    return kept.setdefault(customer_id, found) if found else None",
            ),
        ),
    ),
    Bug(
        "personal: a key kept for an hour",
        "A container keeps a customer's key for an hour after it read it.",
        (FORGOTTEN, UNTOLD, UNTEXTED),
        (
            Edit(
                keys.find,
                READ_KEY,
                f"from datetime import timedelta\n"
                f"    kept = {KEPT_IN_CONTAINER}\n"
                "    until, found = kept.get(customer_id, (None, None))\n"
                "    if until is None or clock.now() > until:\n"
                "        found = _unwrapped(customer_id, runtime.current().vault.get(partition_of(customer_id), KEY))\n"
                "        kept[customer_id] = (clock.now() + timedelta(hours=1), found)\n"
                "    return found",
            ),
        ),
    ),
    Bug(
        "personal: a key that is not deleted",
        "An erasure leaves the customer's key where it is.",
        (ENTERED, FORGOTTEN, UNRECOVERABLE),
        (
            Edit(
                keys.tombstone,
                'return [RowWrite(partition_of(customer_id), KEY, {"erased": at}), entry]',
                "return [entry]",
            ),
        ),
    ),
    Bug(
        "personal: a key kept beside its tombstone",
        "The tombstone has the key of before.",
        (ENTERED, FORGOTTEN, UNRECOVERABLE),
        (
            Edit(
                keys.tombstone,
                '{"erased": at}), entry]',
                '{**(runtime.current().vault.get(partition_of(customer_id), KEY) or {}), "erased": at}), entry]',
            ),
        ),
    ),
    Bug(
        "personal: no tombstone",
        "An erasure deletes the row of the key, so a late registration makes another.",
        (ENTERED,),
        (Edit(keys.tombstone, '{"erased": at}), entry]', "None), entry]"),),
    ),
    Bug(
        "personal: an erasure that is not in the ledger",
        "The ledger of erasures has no entry, so no restored table learns of it.",
        (ENTERED, RESTORED),
        (Edit(keys.tombstone, '{"erased": at}), entry]', '{"erased": at})]'),),
    ),
    Bug(
        "personal: an erasure by its event alone",
        "An erasure records its event, and the vault keeps everything.",
        (ENTERED, FORGOTTEN),
        (Edit(service.erase, ", beside=keys.follow())", ")"),),
    ),
    Bug(
        "personal: a tombstone overwritten",
        "A late registration writes a new key in place of the tombstone.",
        (ENTERED, SEALED, FORGOTTEN),
        (
            Edit(
                DynamoVault.add,
                '"attribute_not_exists(#partition)"',
                '"attribute_not_exists(#partition) OR attribute_exists(#partition)"',
            ),
        ),
    ),
    Bug(
        "personal: keys backed up as other tables",
        "The vault can be restored to any moment of 35 days.",
        (UNRECOVERABLE,),
        (Set(holdings, "RECOVERY", {}),),
    ),
    Bug(
        "personal: a key that is not wrapped",
        "The vault has customers' keys as they are.",
        (SEALED,),
        (
            Edit(
                CustomerKey.wrapped,
                "return _sealed(by, self.secret, self.customer_id)",
                "return urlsafe_b64encode(self.secret).decode()",
            ),
            Edit(
                CustomerKey.unwrapped,
                "secret = _opened(by, wrapped, customer_id)",
                "secret = urlsafe_b64decode(wrapped)",
            ),
        ),
    ),
    Bug(
        "personal: a key that is wrapped for anybody",
        "Whose a key is, is not bound to it: in another's row it opens.",
        (SEALED,),
        (
            Edit(CustomerKey.wrapped, "self.secret, self.customer_id", 'self.secret, ""'),
            Edit(CustomerKey.unwrapped, "_opened(by, wrapped, customer_id)", '_opened(by, wrapped, "")'),
        ),
    ),
    Bug(
        "personal: one key for all",
        "All customers have one key.",
        (SEALED, FORGOTTEN),
        (Edit(CustomerKey.new, "secrets.token_bytes(KEY_BYTES)", 'b"one key for all customers".ljust(KEY_BYTES)'),),
    ),
    Bug(
        "personal: a nonce used twice",
        "All is sealed under one nonce.",
        (SEALED,),
        (Edit(_sealed, "secrets.token_bytes(NONCE_BYTES)", "bytes(NONCE_BYTES)"),),
    ),
    Bug(
        "personal: nothing bound to what is sealed",
        "Customer, event and field are not bound: a sealed text opens in another place.",
        (SEALED,),
        (Edit(CustomerKey._place, 'f"Customer#{self.customer_id} {event} {field}"', '""'),),
    ),
    Bug(
        "personal: the field alone bound",
        "A sealed text opens at another event, and with the key at another customer.",
        (SEALED,),
        (Edit(CustomerKey._place, 'f"Customer#{self.customer_id} {event} {field}"', "field"),),
    ),
)

PHONES_AND_DIGESTS = (
    Bug(
        "personal: a phone that leads to the erased",
        "An erasure deletes the key, and not the digest of the phone.",
        (FOUND_BY,),
        (Edit(keys.follow, "[] if old == new else [", '[] if old == new or after.status == "erased" else ['),),
    ),
    Bug(
        "personal: a phone of before",
        "A change of number leaves the digest of the one before.",
        (FOUND_BY,),
        (Edit(keys.follow, "*_digest(old, None), ", '*(_digest(old, None) if after.status == "erased" else []), '),),
    ),
    Bug(
        "personal: a number beside its digest",
        "The row by which a phone is found has the number.",
        (OUTSIDE,),
        (
            Edit(
                keys.follow,
                "*_digest(new, {})",
                '*_digest(new, {"number": after.number_opened_by(key or find(after.id))})',
            ),
        ),
    ),
    Bug(
        "personal: a phone known by its number",
        "Streams and rows of phones have the number in their key.",
        (OUTSIDE,),
        (
            Edit(
                codes.phone_id,
                'return _derived(f"phone {normalized(number)}").hex()[:PHONE_ID]',
                "return normalized(number)",
            ),
        ),
    ),
    Bug(
        "personal: a phone's digest without a key",
        "A phone is known by the SHA-256 of its number, which anybody can try out.",
        (DIGESTED,),
        (
            Edit(
                codes.phone_id,
                '_derived(f"phone {normalized(number)}").hex()',
                "hashlib.sha256(normalized(number).encode()).hexdigest()",
            ),
        ),
    ),
    Bug(
        "personal: a request's digest without a key",
        "The digest of a request with a name or number is the SHA-256 of it.",
        (DIGESTED,),
        (Set(CustomerKey, "digest", lambda _key, request: request),),
    ),
)

BUGS = (*KEYS, *PHONES_AND_DIGESTS)
