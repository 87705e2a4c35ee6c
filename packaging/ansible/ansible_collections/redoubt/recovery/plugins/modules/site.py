#!/usr/bin/python
# Copyright: the authors of Redoubt
# SPDX-License-Identifier: Apache-2.0
"""Keeps another pool that a pool knows."""
from __future__ import annotations

from urllib.parse import urlsplit

from ansible_collections.redoubt.recovery.plugins.module_utils.pool import NAMED, named, outcome, run

DOCUMENTATION = r"""
module: site
short_description: Another pool that this one knows
description:
  - Adds a site, changes where it is reached and by whom, or forgets it.
  - The pool logs in there before it takes anything over, and trusts the certificate that is shown then.
extends_documentation_fragment: [redoubt.recovery.pool, redoubt.recovery.pool.named]
options:
  address:
    description: The address of its coordinator; needed for C(present).
    type: str
  site_user:
    description: Who logs in there.
    type: str
    default: root
  site_password:
    description: The password there. It is needed to add a site, and to change one.
    type: str
  update_password:
    description:
      - C(on_create) leaves the password of a site as it is that is known with this address and user.
      - C(always) sends it each time, and says each time that something has changed, since a stored password is never told.
    type: str
    choices: [on_create, always]
    default: on_create
"""

EXAMPLES = r"""
- redoubt.recovery.site:
    name: paris
    address: https://paris.example
    site_user: olga
    site_password: "{{ paris_password }}"
"""

RETURN = r"""
site:
  description: The site, without its password; null where it is absent.
  returned: success
  type: dict
"""


def work(module, pool):
    given = module.params
    sites = [test["site"] for test in pool.get("recovery/get_sites", test=False)]
    before = named(sites, given["name"])
    if given["state"] == "absent":
        if before is not None and not module.check_mode:
            pool.post("recovery/remove_site", site=given["name"])
        return outcome("site", before, None, before is not None)

    wanted = {"name": given["name"], "address": authority(given["address"]), "user": given["site_user"]}
    differs = before is None or any(before[key] != value for key, value in wanted.items())
    if not differs and given["update_password"] == "on_create":
        return outcome("site", before, before, False)
    if given["site_password"] is None:
        module.fail_json(msg=f"site_password is needed to {'add' if before is None else 'change'} the site {given['name']}.")
    if module.check_mode:
        return outcome("site", before, {**(before or {}), **wanted}, True)
    after = pool.post(
        "recovery/add_site" if before is None else "recovery/set_site",
        name=given["name"], address=given["address"], user=given["site_user"], password=given["site_password"])
    return outcome("site", before, after, True)


def authority(address):
    """An address as the pool keeps it: no path, no port that is the scheme's own, https unless it says otherwise."""
    url = urlsplit(address if "://" in address else f"https://{address}")
    usual = {"https": 443, "http": 80}.get(url.scheme)
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    return f"{url.scheme}://{host}" + ("" if url.port in (None, usual) else f":{url.port}")


if __name__ == "__main__":
    run(work, {
        **NAMED,
        "address": {"type": "str"},
        "site_user": {"type": "str", "default": "root"},
        "site_password": {"type": "str", "no_log": True},
        "update_password": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
    }, required_if=[("state", "present", ["address"])])
