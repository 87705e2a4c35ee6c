#!/usr/bin/python
# Copyright: the authors of Redoubt
# SPDX-License-Identifier: Apache-2.0
"""Has a saved plan carried out."""
from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

from ansible_collections.redoubt.recovery.plugins.module_utils.pool import run

DOCUMENTATION = r"""
module: run
short_description: Has a saved plan carried out, and waits
description:
  - Starts a run of a plan, and waits until it is over.
  - A run of the plan that is under way is waited for, in the place of a second one. A plan with nothing left to do is not started, nor
    is one that I(unless_within) says was carried out a short while ago. In these cases nothing has changed.
  - A plan that is blocked fails with what stands in its way, and a run that does not succeed with why.
extends_documentation_fragment: redoubt.recovery.pool
attributes:
  check_mode:
    support: full
    details: The plan is made, and said to change something if it would be started.
  diff_mode: {support: none}
options:
  plan:
    description: The name of the plan, one of the pool's own or of another pool's that came with its storage.
    type: str
    required: true
  from_pool:
    description: The UUID of the pool whose plan it is, where several have one of this name.
    type: str
  kind:
    description: What the run is for, if not what the plan says.
    type: str
    choices: [failover, test, migration, failback]
  request:
    description:
      - What is said for this run only, over what the plan says, as the schema C(RecoveryRequest) of C(/api/openapi.json) has it, such
        as C(policy.deadSources), the statement that pools are dead.
    type: dict
    default: {}
  unless_within:
    description: Not if a run of this plan and kind has succeeded within so many seconds.
    type: int
  wait:
    description: Whether to wait until the run is over.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds at most. The run goes on all the same.
    type: int
    default: 3600
"""

EXAMPLES = r"""
- name: The plan has been tested within the last week
  redoubt.recovery.run:
    plan: shop
    kind: test
    unless_within: 604800

- name: Fail over
  redoubt.recovery.run:
    plan: shop
    request:
      policy: {deadSources: [primary]}
"""

RETURN = r"""
run:
  description: The run, or the one that made another unnecessary; null if there is none.
  returned: success
  type: dict
findings:
  description: What should be known of the plan; empty if none was made.
  returned: always
  type: list
"""

FINAL = ("succeeded", "partial", "failed", "cancelled", "undone")

# In these a run goes on only when somebody says so.
STANDING = ("waiting", "interrupted", "paused")


def work(module, pool):
    given = module.params
    request = merged(saved(module, pool)["request"], given["request"])
    if given["kind"]:
        request["policy"]["kind"] = given["kind"]
    kind = request["policy"]["kind"]
    runs = [r for r in pool.get("recovery/get_runs")
            if r["kind"] == kind and r.get("planName") == request.get("plan") and r.get("planPool") == request.get("planPool")]
    under_way = next((r for r in runs if r["phase"] not in FINAL), None)
    if under_way is not None:
        return {"changed": False, "run": ended(module, pool, under_way["uuid"]), "findings": []}
    recent = next((r for r in runs if r["phase"] == "succeeded" and is_within(r, given["unless_within"])), None)
    if recent is not None:
        return {"changed": False, "run": pool.get("recovery/get_run", run=recent["uuid"]), "findings": []}

    planned = pool.post("recovery/plan", request=request)
    findings = planned["plan"]["findings"]
    blocks = [f for f in findings if f["severity"] == "block"]
    if blocks:
        module.fail_json(
            msg=f"The plan {given['plan']} is blocked: " + " ".join(f"{f['sentence']} {f['advice']}" for f in blocks), findings=findings)
    if not planned["plan"]["steps"]:
        return {"changed": False, "run": None, "findings": findings}
    if module.check_mode:
        return {"changed": True, "run": None, "findings": findings}
    uuid = pool.post("recovery/start_test" if kind == "test" else "recovery/start", request=request, digest=planned["digest"])
    return {"changed": True, "run": ended(module, pool, uuid), "findings": findings}


def saved(module, pool):
    given = module.params
    plans = []
    # Other pools' metadata are opened only if the pool's own plans do not have it.
    for foreign in (False, True):
        plans = plans or [p for p in pool.get("recovery/get_plans", foreign=foreign)["plans"]
                          if p["name"] == given["plan"] and given["from_pool"] in (None, p["request"]["planPool"])]
    if len({p["request"]["planPool"] for p in plans}) > 1:
        module.fail_json(msg=f"Several pools have a plan {given['plan']}; say with from_pool which: "
                         + ", ".join(p["request"]["planPool"] for p in plans))
    if not plans:
        module.fail_json(msg=f"There is no plan {given['plan']}, neither the pool's own nor on storage that is attached.")
    return plans[0]


def merged(below, above):
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {**below, **{key: merged(below.get(key), value) for key, value in above.items()}}


def is_within(summary, seconds):
    # Seven digits of a second are more than older readers take.
    return seconds is not None and "endedAt" in summary and (
        datetime.now(timezone.utc) - datetime.fromisoformat(summary["endedAt"][:19] + "+00:00") < timedelta(seconds=seconds))


def ended(module, pool, uuid):
    """A run when it is over; at once if nobody wants to wait."""
    record = pool.get("recovery/get_run", run=uuid)
    if module.check_mode or not module.params["wait"]:
        return record
    until = time.monotonic() + module.params["wait_timeout"]
    while record["phase"] not in FINAL + STANDING:
        left = until - time.monotonic()
        if left <= 0:
            module.fail_json(msg=f"Run {uuid} was not over after {module.params['wait_timeout']} seconds. It goes on.", run=record)
        record = pool.get("recovery/wait_run", run=uuid, after_revision=record["revision"], timeout=min(60, left))
    if record["phase"] != "succeeded":
        question = record.get("question")
        why = question["text"] if question else record.get("failure", "")
        module.fail_json(msg=f"Run {uuid} is {record['phase']}. {why}".rstrip(), run=record)
    return record


if __name__ == "__main__":
    run(work, {
        "plan": {"type": "str", "required": True},
        "from_pool": {"type": "str"},
        "kind": {"type": "str", "choices": ["failover", "test", "migration", "failback"]},
        "request": {"type": "dict", "default": {}},
        "unless_within": {"type": "int"},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 3600},
    })
