"""Planted leaks: a name or number where it must not be, and answers and texts after an erasure."""

from functions.customers import api, publish, queries, service
from functions.customers.domain import Customer
from functions.kernel.messaging import inbox
from functions.notifications import service as texting
from functions.search import service as search
from infra.operate import apply_erasures
from tests.simulation import restoration
from tests.simulation.check.identity import ACTOR, REVOKED
from tests.simulation.check.personal import OUTSIDE, UNTEXTED, UNTOLD
from tests.simulation.check.restored import RESTORED
from tests.simulation.planted.bug import Bug, Edit, Set
from tests.simulation.planted.personal_keys import KEPT_IN_CONTAINER

PLACES = (
    Bug(
        "personal: a number in a log line",
        "A change of number logs the number.",
        (OUTSIDE,),
        (
            Edit(
                service.change_sms_number,
                "bind_request(key.digest)",
                "bind_request(key.digest)\n"
                "    from functions.kernel.runtime import observe\n"
                '    observe.logger().info("a number is changed", extra={"to": sms_number})',
            ),
        ),
    ),
    Bug(
        "personal: a number in an error's text",
        "The reason why a text was skipped has the number.",
        (OUTSIDE,),
        (
            Edit(
                texting.notify,
                "reason = str(error)",
                'reason = f"{error}: {to.sms_number}" if isinstance(error, UnreachableNumberError) else str(error)',
            ),
        ),
    ),
    Bug(
        "personal: a number in a dead letter's reason",
        "A text that fails for good is dead-lettered with the number as its reason.",
        (OUTSIDE,),
        (
            Edit(
                texting.notify,
                "    else:\n        notifications.create(",
                "    except Exception as error:\n"
                "        from functions.kernel.messaging.retry import UndeliverableError\n"
                '        raise UndeliverableError(f"no text to {to.sms_number}") from error\n'
                "    else:\n        notifications.create(",
            ),
        ),
    ),
    Bug(
        "personal: a name in a message, encoded",
        "The events of customers have the name in base64.",
        (OUTSIDE,),
        (
            Edit(
                publish._state,
                '"language": customer.language,',
                '"language": __import__("base64").b64encode((customer.name_opened_by(\n'
                '            __import__("functions.customers.keys", fromlist=["find"]).find(customer.id)\n'
                '        ) or "").encode()).decode(),',
            ),
        ),
    ),
    Bug(
        "personal: a name in a message",
        "The event of a registration has the name, as version 1 had.",
        (OUTSIDE,),
        (
            Edit(
                publish._state,
                '"language": customer.language,',
                '"language": customer.name_opened_by(\n'
                '            __import__("functions.customers.keys", fromlist=["find"]).find(customer.id)\n'
                '        ) or "en",',
            ),
        ),
    ),
    Bug(
        "personal: a number as the causation",
        "A change of number is recorded with the number as what caused it.",
        (OUTSIDE,),
        (
            Edit(
                service.change_sms_number,
                "bind_request(key.digest)",
                "bind_request(key.digest)\n    context.current().causation_id = sms_number",
            ),
        ),
    ),
    Bug(
        "personal: a name as the actor",
        "A registration is recorded with the customer's name as the actor.",
        (OUTSIDE, ACTOR),
        (
            Edit(
                service.register,
                "bind_request(key.digest)",
                "bind_request(key.digest)\n    context.current().actor = name",
            ),
        ),
    ),
    Bug(
        "personal: a name in a snapshot",
        "A loaded customer has the name opened, and so has its snapshot.",
        (OUTSIDE,),
        (
            Edit(
                Customer._registered,
                "self.name = self._in_place(event.name)",
                "from functions.customers import keys\n"
                "        key = keys.find(self.id)\n"
                "        self.name = (key and key.open(event.name, NAME)) or event.name",
            ),
        ),
    ),
    Bug(
        "personal: names in rows of search",
        "Search keeps the names that it asked for.",
        (OUTSIDE,),
        (
            Edit(
                search._names_of_customers,
                "return find_customer_names(customer_ids=different).names",
                "names = find_customer_names(customer_ids=different).names\n"
                "            from functions.kernel.runtime import runtime\n"
                "            from functions.kernel.runtime.views import Row\n"
                "            for id, name in names.items():\n"
                '                runtime.current().views.put(Row("customers", id, {"name": name}), 1)\n'
                "            return names",
            ),
        ),
    ),
    Bug(
        "personal: numbers in rows of notifications",
        "Notifications keeps the number that it asked for.",
        (OUTSIDE,),
        (
            Edit(
                texting.notify,
                "to = find_address(customer_id=customer_id)",
                "to = find_address(customer_id=customer_id)\n"
                "        from functions.kernel.runtime import runtime\n"
                "        from functions.kernel.runtime.views import Row\n"
                '        data = {"sms_number": to.sms_number}\n'
                '        runtime.current().views.put(Row("customers", customer_id, data), 1)',
            ),
        ),
    ),
    Bug(
        "personal: a number packed into a row",
        "Notifications keeps the number that it asked for, compressed and in base64.",
        (OUTSIDE,),
        (
            Edit(
                texting.notify,
                "to = find_address(customer_id=customer_id)",
                "to = find_address(customer_id=customer_id)\n"
                "        import base64, zlib\n"
                "        from functions.kernel.runtime import runtime\n"
                "        from functions.kernel.runtime.views import Row\n"
                "        packed = base64.b64encode(zlib.compress(to.sms_number.encode())).decode()\n"
                '        runtime.current().views.put(Row("customers", customer_id, {"packed": packed}), 1)',
            ),
        ),
    ),
    Bug(
        "personal: a message of before kept whole",
        "A message of version 1 is logged, with the name that it has.",
        (OUTSIDE,),
        (
            Edit(
                inbox.Inbox._dispatch,
                "refusal = None",
                'refusal = None\n        observe.logger().info("received", extra={"content": content})',
            ),
        ),
    ),
)

AFTERWARDS = (
    Bug(
        "personal: an answer kept",
        "A container keeps what it answered about a customer, and answers it again.",
        (UNTOLD,),
        (
            Edit(
                api.get_customer,
                "customer = service.customer(id)",
                "from functions.kernel.runtime import runtime\n"
                f"    kept = {KEPT_IN_CONTAINER}\n"
                "    customer = kept.get(id) or kept.setdefault(id, service.customer(id))",
            ),
            Edit(
                service.personal,
                "key = key or keys.find(customer.id)",
                f"kept = {KEPT_IN_CONTAINER}\n"
                '    key = kept.get(f"key of {customer.id}") or kept.setdefault(\n'
                '        f"key of {customer.id}", keys.find(customer.id))',
            ),
        ),
    ),
    Bug(
        "personal: an address told after the erasure",
        "A container tells the address that it told before.",
        (UNTOLD, UNTEXTED),
        (
            Edit(
                queries.find_address,
                "customer = service.customer(query.customer_id)\n"
                "    return AddressFound(sms_number=normalized(service.personal(customer).sms_number), "
                "language=customer.language)",
                "from functions.kernel.runtime import runtime\n"
                f"    kept = {KEPT_IN_CONTAINER}\n"
                "    if query.customer_id not in kept:\n"
                "        customer = service.customer(query.customer_id)\n"
                "        kept[query.customer_id] = AddressFound(\n"
                "            sms_number=normalized(service.personal(customer).sms_number),\n"
                "            language=customer.language)\n"
                "    return kept[query.customer_id]",
            ),
        ),
    ),
    Bug(
        "personal: texts to a number that was kept",
        "Notifications keeps addresses in memory, and texts whoever was erased.",
        (UNTEXTED,),
        (
            Edit(
                texting.notify,
                "to = find_address(customer_id=customer_id)",
                "from functions.kernel.runtime import runtime\n"
                f"        kept = {KEPT_IN_CONTAINER}\n"
                "        to = kept.get(customer_id) or find_address(customer_id=customer_id)\n"
                "        kept[customer_id] = to",
            ),
        ),
    ),
    Bug(
        "personal: a session of the erased goes on",
        "The owner says of the erased what it says of the enabled.",
        (REVOKED,),
        (
            Edit(
                queries.find_customer_status,
                "customer = service.customer(query.customer_id)\n",
                "customer = service.customers.get(query.customer_id)\n",
            ),
            Set(Customer, "enabled", property(lambda customer: customer.status in ("enabled", "erased"))),
        ),
    ),
    Bug(
        "personal: a restored table serves as it is",
        "The ledger of erasures is not applied to restored tables.",
        (RESTORED,),
        (Set(restoration, "bury", lambda cloud: None),),
    ),
    Bug(
        "personal: the ledger applied to phones alone",
        "A restored vault serves with the keys that it has.",
        (RESTORED,),
        (
            Set(apply_erasures, "_bury", lambda *of: False),
            Set(apply_erasures, "_erase", lambda *of: False),
            Set(restoration, "write_phones", lambda cloud: None),
        ),
    ),
)

BUGS = (*PLACES, *AFTERWARDS)
