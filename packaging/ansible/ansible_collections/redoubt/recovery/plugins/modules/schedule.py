#!/usr/bin/python
# Copyright: the authors of Redoubt
# SPDX-License-Identifier: Apache-2.0
"""Keeps a schedule of tests."""
from __future__ import annotations

from ansible_collections.redoubt.recovery.plugins.module_utils.pool import NAMED, named, outcome, run

DOCUMENTATION = r"""
module: schedule
short_description: When a plan is tested
description:
  - Has a saved plan tested again and again, with the rights of the user that the module logs in as, or ends that.
extends_documentation_fragment: [redoubt.recovery.pool, redoubt.recovery.pool.named]
options:
  plan:
    description: The plan that is tested; needed for C(present).
    type: str
  cron:
    description: When, in the five fields of cron, UTC; needed for C(present).
    type: str
"""

EXAMPLES = r"""
- redoubt.recovery.schedule:
    name: sunday
    plan: shop
    cron: 0 3 * * 0
"""

RETURN = r"""
schedule:
  description: The schedule, with when it is due next; null where it is absent.
  returned: success
  type: dict
"""


def work(module, pool):
    given = module.params
    before = named(pool.get("recovery/get_schedules"), given["name"])
    if given["state"] == "absent":
        if before is not None and not module.check_mode:
            pool.post("recovery/remove_schedule", name=given["name"])
        return outcome("schedule", before, None, before is not None)

    wanted = {key: given[key] for key in ("name", "plan", "cron")}
    if before is not None and all(before[key] == value for key, value in wanted.items()):
        return outcome("schedule", before, before, False)
    if module.check_mode:
        return outcome("schedule", before, {**(before or {}), **wanted}, True)
    message = "recovery/add_schedule" if before is None else "recovery/set_schedule"
    return outcome("schedule", before, pool.post(message, **wanted), True)


if __name__ == "__main__":
    run(work, {
        **NAMED,
        "plan": {"type": "str"},
        "cron": {"type": "str"},
    }, required_if=[("state", "present", ["plan", "cron"])])
