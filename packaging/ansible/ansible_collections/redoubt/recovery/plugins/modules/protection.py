#!/usr/bin/python
# Copyright: the authors of Redoubt
# SPDX-License-Identifier: Apache-2.0
"""Keeps whether an SR carries the pool's metadata."""
from __future__ import annotations

from ansible_collections.redoubt.recovery.plugins.module_utils.pool import run

DOCUMENTATION = r"""
module: protection
short_description: Whether an SR carries the pool's metadata
description:
  - Protects the VMs on an SR, so that they come back wherever its storage is; or ends that.
  - Where two persons are needed to end it, the first run fails with C(DR_APPROVAL_NEEDED), and the next after the approval does it.
extends_documentation_fragment: redoubt.recovery.pool
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
options:
  sr_uuid:
    description: The SR. This or I(sr_name) is needed.
    type: str
  sr_name:
    description: The SR by its name, which no other one may have.
    type: str
  state:
    description: Whether it is protected.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- redoubt.recovery.protection:
    sr_name: replicated
"""

RETURN = r"""
replication:
  description: How the copy of the metadata on the SR is.
  returned: success
  type: dict
"""


def work(module, pool):
    given = module.params
    sr = find(module, pool)
    before = pool.get("SR/get_database_replication_state", sr=sr)
    wanted = given["state"] == "present"
    if (before["enabled"] == "true") == wanted:
        return {"changed": False, "replication": before}
    if module.check_mode:
        return {"changed": True, "replication": before}
    pool.post("SR/enable_database_replication" if wanted else "SR/disable_database_replication", sr=sr)
    return {"changed": True, "replication": pool.get("SR/get_database_replication_state", sr=sr)}


def find(module, pool):
    given = module.params
    if given["sr_uuid"]:
        return pool.get("SR/get_by_uuid", uuid=given["sr_uuid"])
    found = pool.get("SR/get_by_name_label", label=given["sr_name"])
    if len(found) != 1:
        module.fail_json(msg=f"{len(found) or 'No'} SRs are named {given['sr_name']}" + ("; use sr_uuid." if found else "."))
    return found[0]


if __name__ == "__main__":
    run(work, {
        "sr_uuid": {"type": "str"},
        "sr_name": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }, required_one_of=[("sr_uuid", "sr_name")], mutually_exclusive=[("sr_uuid", "sr_name")])
