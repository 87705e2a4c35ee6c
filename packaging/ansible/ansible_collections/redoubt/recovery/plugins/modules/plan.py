#!/usr/bin/python
# Copyright: the authors of Redoubt
# SPDX-License-Identifier: Apache-2.0
"""Keeps a saved plan."""
from __future__ import annotations

from ansible_collections.redoubt.recovery.plugins.module_utils.pool import NAMED, named, outcome, run

DOCUMENTATION = r"""
module: plan
short_description: A saved plan
description:
  - Saves a plan in the pool's metadata, with which it travels to wherever the storage is recovered, or forgets it.
  - What the plan leaves out has the pool's default. The pool fills it in before what is saved is compared with it.
extends_documentation_fragment: [redoubt.recovery.pool, redoubt.recovery.pool.named]
options:
  request:
    description:
      - What is to be recovered and how, as the schema C(RecoveryRequest) of C(/api/openapi.json) has it; needed for C(present).
      - A member that it does not have is refused, and so is consent to what a plan finds, which is given at each recovery.
      - >-
        To Ansible a number out of a variable is text, and the pool refuses that. Have the dictionary around it made by the expression, as
        in C("{{ {'parallelStarts': starts | int} }}"), or set C(jinja2_native).
    type: dict
"""

EXAMPLES = r"""
- redoubt.recovery.plan:
    name: shop
    request:
      policy:
        kind: failover
        chosen: {appliances: [shop]}
        limits: {parallelStarts: 4}
"""

RETURN = r"""
plan:
  description: What the plan asks for, with all that was left out; null where it is absent.
  returned: success
  type: dict
"""


def work(module, pool):
    given = module.params
    saved = named(pool.get("recovery/get_plans", foreign=False)["plans"], given["name"])
    before = None if saved is None else saved["request"]
    if given["state"] == "absent":
        if before is not None and not module.check_mode:
            pool.post("recovery/remove_plan", name=given["name"])
        return outcome("plan", before, None, before is not None)

    after = pool.post("recovery/read_plan", name=given["name"], request=given["request"])
    dropped = sorted(lost(given["request"], after, ""))
    if dropped:
        module.fail_json(msg=f"A plan does not keep {', '.join(dropped)}: that is said at each recovery.")
    if before != after and not module.check_mode:
        pool.post("recovery/save_plan", name=given["name"], request=given["request"])
    return outcome("plan", before, after, before != after)


def lost(given, kept, path):
    """What is said in a request and is not in what is kept of it."""
    if isinstance(given, dict):
        for key, value in given.items():
            yield from lost(value, (kept or {}).get(key), f"{path}.{key}" if path else key)
    elif given and not kept:
        yield path


if __name__ == "__main__":
    run(work, {
        **NAMED,
        "request": {"type": "dict"},
    }, required_if=[("state", "present", ["request"])])
