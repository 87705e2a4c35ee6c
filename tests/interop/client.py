"""Speaks to a pool as XenServer's Python SDK does: standard xmlrpc.client, an envelope round every answer, a session put before every
call's parameters, a new login when the session has ended. Ends with 0 if everything was as such a client expects it.

    python3 client.py URL PASSWORD-FILE
"""
import sys
import time
import xmlrpc.client


class Failure(Exception):
    def __init__(self, details):
        super().__init__(details)
        self.details = details


class Calls:
    """pool.network.create(...) becomes the call network.create with the session before its parameters."""

    def __init__(self, session, name=()):
        self._session, self._name = session, name

    def __getattr__(self, name):
        return Calls(self._session, self._name + (name,))

    def __call__(self, *parameters):
        return self._session.request(".".join(self._name), parameters)


class Session:
    def __init__(self, url):
        self._server = xmlrpc.client.ServerProxy(url, allow_none=True)
        self._handle = None
        self._login = None
        self.xenapi = Calls(self)

    def login(self, *parameters):
        self._login = parameters
        self._handle = self._open(self._server.session.login_with_password(*parameters))

    def request(self, method, parameters):
        for _ in range(3):
            answer = self.raw(method, parameters)
            if answer["Status"] == "Failure" and answer["ErrorDescription"][0] == "SESSION_INVALID":
                self.login(*self._login)
            else:
                return self._open(answer)
        raise AssertionError("no valid session after three logins")

    def raw(self, method, parameters):
        call = self._server
        for name in method.split("."):
            call = getattr(call, name)
        return call(self._handle, *parameters)

    def list_methods(self):
        return self._server.system.listMethods()

    @staticmethod
    def _open(answer):
        assert isinstance(answer, dict) and "Status" in answer, answer
        if answer["Status"] == "Success":
            return answer["Value"]
        raise Failure(answer["ErrorDescription"])


def refused(call, *details):
    try:
        call()
    except Failure as failure:
        assert failure.details == list(details), failure.details
    else:
        raise AssertionError(f"{details[0]} expected")


url, password_file = sys.argv[1:]
with open(password_file, encoding="utf-8") as file:
    password = file.read().strip()

session = Session(url)
refused(lambda: session.login("root", "not it", "1.0", "sdk"), "SESSION_AUTHENTICATION_FAILED", "root", "Authentication failure")
session.login("root", password, "1.0", "sdk")
api = session.xenapi

# What the server says of itself.
pool = api.pool.get_all()[0]
host = api.pool.get_master(pool)
assert (api.host.get_API_version_major(host), api.host.get_API_version_minor(host)) == ("2", "21")
assert isinstance(api.host.get_servertime(host), xmlrpc.client.DateTime)
assert list(api.pool.get_all_records()) == [pool]
assert {"VM.start", "network.create", "event.from", "session.login_with_password"} <= set(session.list_methods())

# Types: whole numbers come as text, truth as truth, moments as moments, maps and sets as themselves.
network = api.network.create({"name_label": "sdk", "name_description": "", "MTU": "1500", "other_config": {"k": "v"}, "tags": ["t"]})
record = api.network.get_record(network)
assert (record["MTU"], record["managed"], record["other_config"], record["tags"]) == ("1500", True, {"k": "v"}, ["t"]), record
refused(lambda: api.network.add_to_other_config(network, "k", "w"), "MAP_DUPLICATE_KEY", "network", "other_config", network, "k")
assert list(api.network.get_all_records_where('field "name__label" = "sdk"')) == [network]
assert api.network.get_by_name_label("sdk") == [network]
assert api.network.get_by_uuid(record["uuid"]) == network
refused(lambda: api.network.get_by_uuid("nope"), "UUID_INVALID", "network", "nope")

# Events: everything first, then only what changes.
batch = getattr(api.event, "from")(["network", "task"], "", 10.0)
assert {e["operation"] for e in batch["events"]} == {"add"}
assert isinstance(batch["valid_ref_counts"]["network"], int)
while True:
    api.network.set_name_description(network, "seen")
    batch = getattr(api.event, "from")(["network"], batch["token"], 10.0)
    told = [e for e in batch["events"] if e["ref"] == network]
    if told:
        break
assert (told[0]["class"], told[0]["operation"], told[0]["snapshot"]["name_description"]) == ("network", "mod", "seen")

# A task, asked about until it is over.
task = getattr(api, "Async").network.destroy(network)
while api.task.get_status(task) == "pending":
    time.sleep(0.05)
assert api.task.get_status(task) == "success", api.task.get_record(task)
assert api.task.get_result(task) == "<value></value>", api.task.get_result(task)
api.task.destroy(task)
batch = getattr(api.event, "from")(["network"], batch["token"], 10.0)
assert [(e["operation"], e["ref"], "snapshot" in e) for e in batch["events"]] == [("del", network, False)], batch["events"]

# The older way to wait.
refused(lambda: api.event.next(), *session.raw("event.next", ())["ErrorDescription"])
assert session.raw("event.next", ())["ErrorDescription"][0] == "SESSION_NOT_REGISTERED"
api.event.register(["pool"])
api.pool.add_to_other_config(pool, "sdk", "1")
event = api.event.next()[0]
assert (event["class"], event["operation"], event["snapshot"]["other_config"]["sdk"]) == ("pool", "mod", "1")
api.pool.remove_from_other_config(pool, "sdk")
api.event.unregister(["pool"])

# A session that has ended is opened again without the caller noticing.
session.raw("session.logout", ())
assert api.pool.get_all() == [pool]
session.raw("session.logout", ())
print("all as expected")
