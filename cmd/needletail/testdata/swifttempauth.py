# SPDX-License-Identifier: Apache-2.0
"""Swift's own TempAuth over a shared memcached: one JSON request [method, path,
headers] per line on standard input, one JSON answer [status, headers]
per line on standard output. Arguments: the memcached servers."""
import json
import logging
import sys

from swift.common import memcached
from swift.common.middleware import tempauth
from swift.common.swob import Request, Response


class Log(logging.LoggerAdapter):
    """Swift's loggers also take times."""

    def timing_since(self, *args, **kwargs):
        pass


ring = memcached.MemcacheRing(sys.argv[1:], logger=Log(logging.getLogger(), {}))


def app(env, start_response):
    """The pipeline behind: shows the groups that TempAuth found."""
    groups = env.get("REMOTE_USER", "")
    return Response(status=200, headers={"X-Groups": groups}, request=Request(env))(env, start_response)


auth = tempauth.filter_factory(
    {"log_name": "tempauth"}, reseller_prefix="AUTH, SERVICE", token_life="3600",
    user_test_tester="testing .admin x", user_test2_tester2="testing2", user_svc_s="k service")(app)

for line in sys.stdin:
    method, path, headers = json.loads(line)
    req = Request.blank(path, environ={"REQUEST_METHOD": method, "swift.cache": ring}, headers=headers)
    resp = req.get_response(auth)
    print(json.dumps([resp.status_int, dict(resp.headers)]), flush=True)
