# Copyright: the authors of Redoubt
# SPDX-License-Identifier: Apache-2.0
"""The calls of a pool's recovery desk, as its daemon answers them below /api/."""
from __future__ import annotations

import json
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url

ARGUMENTS = {
    "url": {"type": "str", "required": True},
    "user": {"type": "str", "default": "root"},
    "password": {"type": "str", "required": True, "no_log": True},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
}

# Of what is kept under a name.
NAMED = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}

# Longer than the server lets a call wait.
TIMEOUT_SECONDS = 300


class Refused(Exception):
    """The pool has refused a call, and has said why."""

    def __init__(self, failure: dict):
        super().__init__(failure["message"])
        self.code = failure["code"]
        self.parameters = failure["parameters"]


class Pool:
    """A pool, in the name of the user that a module was given."""

    def __init__(self, parameters: dict):
        self.parameters = parameters

    def get(self, message: str, **arguments):
        """The answer of a message that changes nothing."""
        spelled = {name: str(value).lower() if isinstance(value, bool) else value for name, value in arguments.items()}
        return self._call(f"{message}?{urlencode(spelled)}", None)

    def post(self, message: str, **arguments):
        """The answer of any message."""
        return self._call(message, arguments)

    def _call(self, path: str, body: dict | None):
        given = self.parameters
        try:
            with open_url(
                f"{given['url'].rstrip('/')}/api/{path}",
                method="GET" if body is None else "POST",
                data=None if body is None else json.dumps(body),
                headers={"Content-Type": "application/json"},
                url_username=given["user"],
                url_password=given["password"],
                force_basic_auth=True,
                validate_certs=given["validate_certs"],
                ca_path=given["ca_path"],
                follow_redirects="none",
                timeout=TIMEOUT_SECONDS,
            ) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except HTTPError as refused:
            raise Refused(_failure(refused)) from refused
        except (URLError, OSError, ValueError) as broken:
            raise Refused(
                {"code": "", "parameters": [], "message": f"{given['url']} does not answer as a pool does: {broken}"}
            ) from broken


def _failure(refused: HTTPError) -> dict:
    text = refused.read()
    try:
        failure = json.loads(text)
        return {"code": failure["code"], "parameters": failure["parameters"], "message": failure["message"]}
    except (ValueError, KeyError, TypeError):
        return {"code": "", "parameters": [], "message": f"HTTP {refused.code}, which no pool answers: {text[:200]!r}"}


def run(work, arguments: dict, **rules) -> None:
    """Runs a module: has it do its work, and tells Ansible what came of it."""
    module = AnsibleModule({**ARGUMENTS, **arguments}, supports_check_mode=True, **rules)
    try:
        result = work(module, Pool(module.params))
    except Refused as refused:
        module.fail_json(msg=str(refused), code=refused.code, parameters=refused.parameters)
    module.exit_json(**result)


def named(records: list, name: str) -> dict | None:
    """The one of some records that has a name."""
    return next((record for record in records if record["name"] == name), None)


def outcome(kind: str, before: dict | None, after: dict | None, changed: bool) -> dict:
    """What a module tells that keeps a record of some kind."""
    return {"changed": changed, kind: after, "diff": {"before": _shown(before), "after": _shown(after)}}


def _shown(record: dict | None) -> str:
    """A record as --diff shows it."""
    return "" if record is None else json.dumps(record, indent=2, ensure_ascii=False) + "\n"
